// Two frontends in one channel: broadcast, presence, changes of a table.
import { createClient } from "@supabase/supabase-js";

const { API_URL, PUBLIC_KEY, USER_TOKEN, OTHER_TOKEN } = process.env;
const connect = (token) => createClient(API_URL, PUBLIC_KEY, { accessToken: async () => token });
const [ann, bob] = [connect(USER_TOKEN), connect(OTHER_TOKEN)];
const results = {};

const joined = (channel) => new Promise((resolve, reject) =>
  channel.subscribe((status, error) => {
    if (status === "SUBSCRIBED") resolve();
    if (["CHANNEL_ERROR", "TIMED_OUT"].includes(status)) reject(error ?? new Error(status));
  }));
const said = Promise.withResolvers();
const posted = Promise.withResolvers();
const present = Promise.withResolvers();
const changed = Promise.withResolvers();

const options = { config: { broadcast: { ack: true }, presence: { key: "bob" } } };
const hers = ann.channel("room");
hers.on("broadcast", { event: "cursor" }, ({ payload }) => said.resolve(payload));
hers.on("broadcast", { event: "posted" }, ({ payload }) => posted.resolve(payload));
hers.on("presence", { event: "join" }, ({ key, newPresences }) => key === "bob" && present.resolve(newPresences[0].typing));
const his = bob.channel("room", options);
await Promise.all([joined(hers), joined(his)]);
await his.track({ typing: true });
results.acknowledged = await his.send({ type: "broadcast", event: "cursor", payload: { x: 1, text: "ä".repeat(5000) } });
results.posted = await bob.channel("room").httpSend("posted", { by: "http" });
results.presence = await present.promise;
results.said = await said.promise;
results.heard = await posted.promise;

const jobs = ann.channel("jobs");
jobs.on("postgres_changes", { event: "INSERT", schema: "public", table: "jobs" }, ({ new: row }) => changed.resolve(row));
// "SUBSCRIBED" comes earlier than the server's word that it follows the changes.
const followed = new Promise((resolve) => jobs.on("system", {}, (word) => word.status === "ok" && resolve()));
await joined(jobs);
await followed;
const queued = await ann.functions.invoke("queue-job", { body: { job_type: "sdxl_image_fast", prompt: "a lighthouse", num_images: 1 } });
if (queued.error) throw new Error(await queued.error.context.text());
results.queued = queued.data.jobId;
results.changed = (await changed.promise).id;
process.stdout.write(JSON.stringify(results), () => process.exit());
