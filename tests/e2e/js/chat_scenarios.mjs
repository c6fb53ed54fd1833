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
  const now = Date.now();
  const message = {
    agents: [], msg_type: "input", sender: "user", conv_id: String(now), msg_id: String(now + 1),
    session_id: crypto.randomUUID(), collection_id: collections.body[0].id, video_id: null,
    content: [{ type: "text", text: "list calls" }],
  };
  const outputs = [];
  const ended = new Promise((resolve) => socket.on("chat", (output) => {
    outputs.push(output);
    if (output.status !== "progress") resolve();
  }));
  socket.emit("chat", message);
  await ended;
  const transport = socket.io.engine.transport.name;
  const session = await read(`/session/${message.session_id}`);
  const removed = await read(`/session/${message.session_id}`, { method: "DELETE" });
  socket.close();
  return { check, collections, videos, audio, images, sessions, agents, outputs, session, removed, message, transport };
}

const results = {
  upgraded: await converse(),
  polling: await converse(["polling"]),
  websocket: await converse(["websocket"]),
};
// The server ends the last request of a client that polls after 45 s: nothing waits for that.
process.stdout.write(JSON.stringify(results), () => process.exit(0));
