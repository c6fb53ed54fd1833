// The chat page: speaks to the backend as any client does, over Socket.IO and its HTTP routes.

const $ = (id) => document.getElementById(id);
const base = location.origin;
const state = {
  session: new URLSearchParams(location.search).get("session") ?? localStorage.getItem("session") ?? newId(),
  video: null, // the open call: {id, collection_id, name}
  conversations: new Map(), // conv_id -> {input, outputs: Map msg_id -> message}
};
const socket = io(`${base}/chat`, { auth: (give) => give({ session_id: state.session, last_seen: 0 }) });

function newId() {
  return crypto.randomUUID?.() ?? `s-${Date.now()}-${Math.random().toString(16).slice(2)}`;
}

async function request(path, options) {
  const answer = await fetch(base + path, options);
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(body.message ?? `${path} answered ${answer.status}.`);
  return body;
}

// Messages

function receive(message) {
  if (message.session_id !== state.session) return;
  const conversation = state.conversations.get(message.conv_id) ?? { outputs: new Map() };
  if (message.msg_type === "input") conversation.input = message;
  else conversation.outputs.set(message.msg_id, message);
  state.conversations.set(message.conv_id, conversation);
  render();
}

function isBusy() {
  const last = [...state.conversations.values()].at(-1);
  return Boolean(last) && (last.outputs.size === 0 || [...last.outputs.values()].some((m) => m.status === "progress"));
}

function render() {
  const log = $("messages");
  const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 80;
  log.replaceChildren();
  for (const { input, outputs } of state.conversations.values()) {
    if (input) log.append(renderInput(input));
    if (outputs.size === 0) log.append(element("article", { className: "note" }, "Sending…"));
    for (const output of outputs.values()) log.append(renderOutput(output));
  }
  if (state.conversations.size === 0) {
    log.append(element("p", { className: "note" }, "Choose a call on the left and write @sales_prompt_extractor, or ask about your calls."));
  }
  $("send").disabled = isBusy();
  if (isAtEnd) log.scrollTop = log.scrollHeight;
}

function renderInput(message) {
  return element("article", { className: "user" }, message.content.map((item) => item.text ?? "").join("\n"));
}

function renderOutput(message) {
  const article = element("article", { className: message.status, ariaBusy: String(message.status === "progress") });
  article.dataset.status = message.status;
  if (message.actions.length) {
    const steps = element("ol", { className: "steps" });
    for (const action of message.actions) steps.append(element("li", {}, action));
    article.append(steps);
  }
  for (const item of message.content) article.append(renderItem(item));
  return article;
}

function renderItem(item) {
  const part = element("div", { className: item.type });
  if (item.type === "text") part.innerHTML = DOMPurify.sanitize(marked.parse(item.text ?? ""));
  if (item.type === "videos") for (const video of item.videos) part.append(openButton(video));
  if (item.type === "search_results") {
    for (const found of item.search_results) {
      const list = element("ul");
      for (const shot of found.shots) list.append(element("li", {}, `${clock(shot.start)}${shot.text}`));
      part.append(element("strong", {}, found.video_title), list);
    }
  }
  return part;
}

function clock(seconds) {
  if (typeof seconds !== "number") return "";
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")} · `;
}

function element(name, properties = {}, text = "") {
  const made = Object.assign(document.createElement(name), properties);
  if (text) made.textContent = text;
  return made;
}

// Sessions

async function openSession(id) {
  state.session = id;
  state.conversations.clear();
  localStorage.setItem("session", id);
  const isStored = (await request("/session")).some((session) => session.session_id === id);
  const stored = isStored ? await request(`/session/${encodeURIComponent(id)}`) : { conversation: [] };
  for (const message of stored.conversation) receive(message);
  const last = [...state.conversations.keys()].at(-1);
  if (last) socket.emit("reconnect", { session_id: id, conv_id: last });
  render();
  await listSessions();
  $("text").focus();
}

async function listSessions() {
  const sessions = await request("/session");
  $("sessions").replaceChildren(...sessions.slice(0, 50).map((session) => {
    const title = session.metadata.title || "Untitled";
    const open = element("button", { type: "button", title, onclick: () => openSession(session.session_id) }, title);
    open.ariaCurrent = String(session.session_id === state.session);
    const remove = element("button", { type: "button", className: "delete", ariaLabel: `Delete ${title}` }, "×");
    remove.onclick = async () => {
      await request(`/session/${encodeURIComponent(session.session_id)}`, { method: "DELETE" }).catch(() => undefined);
      await (session.session_id === state.session ? openSession(newId()) : listSessions());
    };
    const item = element("li");
    item.append(open, remove);
    return item;
  }));
}

// Calls

function openButton(video) {
  const button = element("button", { type: "button", title: video.id }, video.name);
  button.ariaCurrent = String(state.video?.id === video.id);
  button.onclick = () => {
    state.video = state.video?.id === video.id ? null : video;
    listVideos();
  };
  return button;
}

async function listVideos() {
  const collections = await request("/videodb/collection");
  const videos = (await Promise.all(collections.slice(0, 20).map((collection) =>
    request(`/videodb/collection/${encodeURIComponent(collection.id)}/video`)))).flat();
  $("videos").replaceChildren(...videos.map((video) => {
    const item = element("li");
    item.append(openButton(video));
    return item;
  }));
}

function upload(files) { // a transcript, a recording, or both
  const form = new FormData();
  for (const file of files) form.append("file", file);
  const sending = new XMLHttpRequest(); // fetch reports no progress of an upload
  const bar = $("upload-progress");
  sending.open("POST", `${base}/videodb/collection/${encodeURIComponent(state.video?.collection_id ?? "default")}/upload`);
  sending.upload.onprogress = (event) => { bar.value = (event.loaded / event.total) * 100; };
  sending.onloadend = async () => {
    bar.hidden = true;
    let body = {};
    try { body = JSON.parse(sending.responseText); } catch { /* no answer */ }
    if (sending.status === 200) state.video = body;
    const text = sending.status === 200 ? [`${body.name} is here.`, ...body.notices].join(" ") : body.message ?? "The upload failed.";
    $("upload-result").textContent = text;
    await listVideos();
    if (body.needs_transcription && !isBusy()) send("@transcription");
  };
  bar.hidden = false;
  bar.value = 0;
  $("upload-result").textContent = `Reading ${[...files].map((file) => file.name).join(" and ")}…`;
  sending.send(form);
}

// Wiring

socket.on("connect", () => {
  $("connection").textContent = "Connected";
  const last = [...state.conversations.keys()].at(-1);
  if (last) socket.emit("reconnect", { session_id: state.session, conv_id: last });
});
socket.on("disconnect", () => { $("connection").textContent = "Connection lost. Trying again…"; });
socket.on("connect_error", (error) => { $("connection").textContent = `Not connected: ${error.message}`; });
socket.on("chat", receive);
socket.on("event", (event) => { if (event.event_type === "update_data") listVideos(); });

$("compose").onsubmit = (event) => {
  event.preventDefault();
  const text = $("text").value.trim();
  if (!text || isBusy()) return;
  send(text);
  $("text").value = "";
};

function send(text) {
  const now = Date.now();
  const message = {
    agents: [], msg_type: "input", sender: "user", conv_id: String(now), msg_id: String(now + 1),
    session_id: state.session, collection_id: state.video?.collection_id ?? null, video_id: state.video?.id ?? null,
    content: [{ type: "text", text }],
  };
  receive(message);
  socket.emit("chat", message);
  setTimeout(listSessions, 500);
}
$("text").onkeydown = (event) => {
  if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); $("compose").requestSubmit(); }
};
document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    openSession(newId());
  }
});
$("new-session").onclick = () => openSession(newId());
$("file").onchange = () => { if ($("file").files.length) upload($("file").files); };
for (const name of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(name, (event) => {
    event.preventDefault();
    document.querySelector("nav").classList.toggle("dragged", name === "dragover");
    if (name === "drop" && event.dataTransfer.files.length) upload(event.dataTransfer.files);
  });
}

await Promise.all([listVideos(), openSession(state.session)]);
