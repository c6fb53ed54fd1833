// What a frontend does with functions: one JSON document of results, which are the same through a relay as without.
import { createClient } from "@supabase/supabase-js";
import http from "node:http";

const { API_URL, PUBLIC_KEY, USER_TOKEN } = process.env;
const options = { auth: { persistSession: false, autoRefreshToken: false } };
const visitor = createClient(API_URL, PUBLIC_KEY, options);
const user = createClient(API_URL, PUBLIC_KEY, { accessToken: async () => USER_TOKEN });
const at = (path) => `${API_URL}/functions/v1/${path}`;
const results = {};

// What frames a body and what a proxy adds are a matter of each connection.
const framing = /^(host|connection|keep-alive|x-forwarded-.*|content-length|transfer-encoding|accept-encoding|.*-id|sb-.*)$/;
const described = (data) =>
  data?.headers ? { ...data, headers: data.headers.filter(([name]) => !framing.test(name)).map(normalized) } : data;
const normalized = ([name, value]) => [name, value.replace(/boundary=.*/, "")];
const outcome = async ({ data, error }) => {
  if (!error) return described(data);
  return { name: error.name, status: error.context.status, body: await error.context.text() };
};
const head = ({ status, headers }, ...names) => [status, ...names.map((name) => headers.get(name))];
// One request with node's own client, which follows and decodes nothing.
const raw = (path, { method = "GET", headers = {}, body } = {}) =>
  new Promise((resolve, reject) => {
    const sent = { accept: "*/*", "accept-language": "*", "user-agent": "me", ...headers }; // what Deno's fetch would add
    const request = http.request(at(path), { method, headers: sent }, (answer) => {
      const parts = [];
      answer.on("data", (part) => parts.push(part));
      answer.on("end", () => {
        const { date, "sb-request-id": id, "x-execution-id": execution, vary, connection, "keep-alive": alive, ...kept } = answer.headers;
        if (!kept["transfer-encoding"]) delete kept["content-length"]; // one of the two frames the body
        delete kept["transfer-encoding"];
        const whole = Buffer.concat(parts);
        const isJson = kept["content-type"] === "application/json" && whole.length > 2;
        const shown = isJson ? described(JSON.parse(whole)) : whole.toString("base64").slice(0, 80);
        resolve({ status: answer.statusCode, headers: kept, body: shown });
      });
      answer.on("error", reject);
    });
    request.on("error", reject);
    request.end(body);
  });

// supabase-js
results.json = await outcome(await user.functions.invoke("probe", { body: { a: [1, "é"] } }));
results.text = await outcome(await user.functions.invoke("probe", { body: "plain" }));
results.blob = await outcome(await user.functions.invoke("probe", { body: new Blob([new Uint8Array(300_000)]) }));
results.buffer = await outcome(await user.functions.invoke("probe", { body: new Uint8Array([0, 255, 10]).buffer }));
const form = new FormData();
form.append("file", new Blob(["x".repeat(5000)]), "a.txt");
const sent = await outcome(await user.functions.invoke("probe", { body: form }));
results.form = { ...sent, digest: "" }; // each form has a boundary of its own
for (const method of ["GET", "PUT", "PATCH", "DELETE"]) {
  results[method] = await outcome(await user.functions.invoke(`probe/deep/er?q=${method}&q=2`, { method, headers: { "x-own": "1" } }));
}
const received = await user.functions.invoke("probe/binary");
results.binary = [received.data.size, new Uint8Array(await received.data.arrayBuffer())[255]];
results.guarded = await outcome(await user.functions.invoke("guarded"));
results.guardedByVisitor = await outcome(await visitor.functions.invoke("guarded"));
results.unknown = await outcome(await user.functions.invoke("no-such-function"));
for (const code of [400, 401, 404, 409, 422, 429, 500, 503]) {
  results[`status${code}`] = await outcome(await user.functions.invoke(`probe/status?code=${code}`));
}

// Server-sent events: the second is sent only after the first was read.
const stream = await fetch(at("probe/events"));
const reader = stream.body.pipeThrough(new TextDecoderStream()).getReader();
results.events = [stream.headers.get("content-type"), (await reader.read()).value];
await fetch(at("probe/release"), { method: "POST" });
results.events.push((await reader.read()).value, (await reader.read()).done);

// Who goes away stops the function: while it is silent, and in the middle of its answer.
const early = new AbortController();
const waiting = user.functions.invoke("probe/silent", { signal: early.signal });
await fetch(at("probe/started"));
early.abort();
results.abortEarly = [(await waiting).error.name, await (await fetch(at("probe/aborted?where=headers"))).json()];
const late = new AbortController();
const endless = await fetch(at("probe/endless"), { signal: late.signal });
await endless.body.getReader().read();
late.abort();
results.abortLate = await (await fetch(at("probe/aborted?where=stream"))).json();

// HTTP as it is
results.preflight = await raw("guarded", { method: "OPTIONS", headers: { origin: "https://a.example", "access-control-request-method": "POST" } });
results.head = await raw("probe/binary", { method: "HEAD" });
results.nothing = await raw("probe/status?code=204");
results.notModified = await raw("probe/status?code=304", { headers: { "if-none-match": '"1"' } });
for (const code of [301, 302, 303, 307, 308]) results[`redirect${code}`] = await raw(`probe/redirect?code=${code}`, { method: "POST" });
results.cookies = await raw("probe/cookies");
results.encoded = await raw("probe/a%2Fb%20c/%C3%A9?x=%2F&y=a+b&z");
results.uploaded = await raw("probe/in", { method: "POST", headers: { "transfer-encoding": "chunked" }, body: Buffer.alloc(2_000_000, 7) });
results.compressed = await (await fetch(at("probe/compressed"))).text();
results.own = await raw("probe/h", { headers: { "x-own": "1", cookie: "a=1; b=2", "content-type": "x/y", range: "bytes=0-1" } });

// WebSockets
const talk = (path, protocols, says) =>
  new Promise((resolve) => {
    const socket = new WebSocket(at(path).replace("http", "ws"), protocols);
    const heard = [];
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => {
      heard.push(typeof data === "string" ? data : [...new Uint8Array(data)]);
      const next = says.shift();
      if (next !== undefined) socket.send(next);
    };
    socket.onclose = ({ code, reason }) => resolve({ protocol: socket.protocol, heard, code, reason });
  });
results.talk = await talk("talks/room?who=ann&who=bob", ["one", "two"], ["hello", new Uint8Array([1, 2, 3]), "é", "bye"]);
results.talkPlain = await talk("talks", [], ["bye"]);
results.talkLarge = (await talk("talks", [], [new Uint8Array(900_000), "bye"])).heard[1].length;
const refused = (path) =>
  new Promise((resolve) => {
    const headers = { connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "13", "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==" };
    http.get(at(path), { headers }, (answer) => resolve(answer.resume().statusCode));
  });
results.talkRefused = [await refused("guarded")];
results.get = head(await fetch(at("probe/status?code=200")), "content-type", "x-reason");

console.log(JSON.stringify(results));
process.exit(0);
