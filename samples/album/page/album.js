// A shared album: who is here, messages and pictures as they come, uploads with progress.

const { publishableKey } = await (await fetch("/console/settings.json")).json();
const client = supabase.createClient(location.origin, publishableKey, {
  auth: { storage: sessionStorage }, // each tab is somebody of its own
});
const $ = (id) => document.getElementById(id);

function show(post) {
  if ($(`post-${post.id}`)) return;
  const item = document.createElement("li");
  item.id = `post-${post.id}`;
  if (post.picture) item.append(thumbnail(post.picture));
  const text = document.createElement("span");
  text.textContent = post.body;
  item.append(text);
  if (post.author === item.ownerDocument.body.dataset.user) item.append(removal(post));
  $("posts").prepend(item);
}

function thumbnail(path) {
  const image = new Image(96, 96);
  image.alt = path.split("/").pop();
  const transform = { width: 96, height: 96 };
  image.src = client.storage.from("pictures").getPublicUrl(path, { transform }).data.publicUrl;
  return image;
}

function removal(post) {
  const button = document.createElement("button");
  button.textContent = "Delete";
  button.onclick = () => check(client.from("posts").delete().eq("id", post.id));
  return button;
}

async function check(request) {
  const { data, error } = await request;
  $("error").textContent = error?.message ?? "";
  if (error) throw error;
  return data;
}

async function enter(user) {
  document.body.dataset.user = user.id;
  const room = client.channel("album", { config: { presence: { key: user.id } } });
  room
    .on("presence", { event: "sync" }, () => {
      const metas = Object.values(room.presenceState()).map(([meta]) => meta.email);
      $("present").textContent = metas.sort().join(", ");
    })
    .on("postgres_changes", { event: "INSERT", schema: "public", table: "posts" }, (change) => show(change.new))
    .on("postgres_changes", { event: "DELETE", schema: "public", table: "posts" }, (change) => $(`post-${change.old.id}`)?.remove())
    .subscribe(async (status) => {
      if (status !== "SUBSCRIBED") return;
      await room.track({ email: user.email });
      const posts = await check(client.from("posts").select().order("id").limit(100));
      posts.forEach(show);
      $("sign-up").hidden = true;
      $("album").hidden = false;
    });
}

function send(url, file) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest(); // fetch does not tell how far an upload is
    request.upload.onprogress = (event) => ($("progress").value = event.loaded / event.total);
    request.onload = () => (request.status < 300 ? resolve() : reject(JSON.parse(request.responseText)));
    request.onerror = () => reject(new Error("The upload was interrupted."));
    request.open("PUT", url);
    request.setRequestHeader("content-type", file.type);
    request.send(file);
  });
}

$("sign-up").onsubmit = async (event) => {
  event.preventDefault();
  const data = await check(client.auth.signUp({ email: $("email").value, password: $("password").value }));
  await enter(data.user);
};

$("write").onsubmit = async (event) => {
  event.preventDefault();
  await check(client.from("posts").insert({ body: $("body").value }));
  $("body").value = "";
};

$("picture").onchange = async () => {
  const [file] = $("picture").files;
  const path = `${document.body.dataset.user}/${crypto.randomUUID()}-${file.name.replace(/[^\w.-]/g, "_")}`;
  $("progress").hidden = false;
  try {
    const { signedUrl } = await check(client.storage.from("pictures").createSignedUploadUrl(path));
    await send(signedUrl, file);
    await check(client.from("posts").insert({ body: file.name, picture: path }));
  } catch (error) {
    $("error").textContent = error.message;
  }
  $("picture").value = "";
};

const { data } = await client.auth.getSession();
if (data.session) await enter(data.session.user);
