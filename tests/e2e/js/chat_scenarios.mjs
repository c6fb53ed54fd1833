// The calls of the real chat client, in its order: HTTP on mount, then `chat` without a callback.
import { io } from "socket.io-client";

const base = process.env.CHAT_URL;
const read = async (path, options) => {
  const answer = await fetch(base + path, options);
  return { status: answer.status, body: await answer.json() };
};

async function converse(transports) {
  const socket = io(`${base}/chat`, { timeout: 90_000, ...(transports && { transports }) });
  await new Promise((resolve, reject) => { socket.once("connect", resolve); socket.once("connect_error", reject); });
  const check = await read("/config/check");
  const [collections, videos, audio, images, sessions, agents] = await Promise.all([
    "/videodb/collection", "/videodb/collection/default/video", "/videodb/collection/default/audio",
    "/videodb/collection/default/image", "/session", "/agent",
  ].map((path) => read(path)));
  // The first collection becomes the current one, and its lists are read again.
  const current = `/videodb/collection/${collections.body[0].id}`;
  const lists = await Promise.all(["video", "audio", "image"].map((kind) => read(`${current}/${kind}`)));
  const unknown = await read(`/videodb/collection/${crypto.randomUUID()}`);

  const changed = new Promise((resolve) => socket.on("event", (event) => {
    if (event.event_type === "update_data" && event.update === "videos") resolve(event);
  }));
  const form = new FormData();
  form.append("file", new Blob(["Ann: What does the delay cost you?\nBob: Far too much."]), `${crypto.randomUUID()}.txt`);
  const uploaded = await read(`${current}/upload`, { method: "POST", body: form });
  const event = await changed;
  const refetched = await read(`${current}/video`);

  const session_id = crypto.randomUUID();
  const outputs = [];
  const waiting = new Map();
  socket.on("chat", (output) => {
    outputs.push(output);
    if (output.status !== "progress") waiting.get(output.conv_id)?.(output);
  });
  const write = (text, number) => {
    const now = Date.now() + number;
    return {
      agents: [], msg_type: "input", sender: "user", conv_id: String(now), msg_id: String(now + 1), session_id,
      collection_id: collections.body[0].id, video_id: uploaded.body.id, content: [{ type: "text", text }],
    };
  };
  const messages = ["list calls", "@transcription", "@poet write"].map(write);
  for (const message of messages) {
    const ended = new Promise((resolve) => waiting.set(message.conv_id, resolve));
    socket.emit("chat", message);
    await ended;
  }
  const transport = socket.io.engine.transport.name;
  const listed = await read("/session");
  const session = await read(`/session/${session_id}`);
  const deleted = await read(`${current}/video/${uploaded.body.id}`, { method: "DELETE" });
  const removed = await read(`/session/${session_id}`, { method: "DELETE" });
  const gone = await read(`/session/${session_id}`);
  socket.close();
  return {
    check, collections, videos, audio, images, sessions, agents, lists, unknown, uploaded, event, refetched,
    messages, outputs, listed, session, deleted, removed, gone, transport,
  };
}

const results = {
  upgraded: await converse(),
  polling: await converse(["polling"]),
  websocket: await converse(["websocket"]),
};
// The server ends the last request of a client that polls after 45 s: nothing waits for that.
process.stdout.write(JSON.stringify(results), () => process.exit(0));
