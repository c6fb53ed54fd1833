// A frontend's way from a prompt to the library with supabase-js, and a worker's with fetch.
import { createClient } from "@supabase/supabase-js";

const { API_URL, SERVICE_KEY, PUBLIC_KEY, USER_TOKEN, USER_ID, OTHER_TOKEN } = process.env;
const connect = (token) => createClient(API_URL, PUBLIC_KEY, { accessToken: async () => token });
const user = connect(USER_TOKEN);
const other = connect(OTHER_TOKEN);
const service = { Authorization: `Bearer ${SERVICE_KEY}` };
const png = Uint8Array.from(atob(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
), (c) => c.charCodeAt(0));

const seen = [];
const overheard = [];
const listen = (client, name, events) =>
  new Promise((resolve, reject) => {
    const channel = client.channel(name);
    for (const [event, table, filter] of events)
      channel.on("postgres_changes", { event, schema: "public", table, ...filter }, (change) =>
        (client === user ? seen : overheard).push({ table, event: change.eventType, row: change.new }));
    // "SUBSCRIBED" comes earlier than the server's word that it follows the changes.
    channel.on("system", {}, (word) => word.extension === "postgres_changes" && word.status === "ok" && resolve());
    channel.subscribe((status, error) => ["CHANNEL_ERROR", "TIMED_OUT"].includes(status) && reject(error ?? new Error(status)));
  });
await user.realtime.setAuth(USER_TOKEN);
await other.realtime.setAuth(OTHER_TOKEN);
await listen(user, "mine", [
  ["UPDATE", "jobs", {}],
  ["INSERT", "workspace_assets", { filter: `user_id=eq.${USER_ID}` }],
]);
await listen(other, "theirs", [["*", "jobs", {}], ["*", "workspace_assets", {}]]);

const until = async (found) => {
  for (let turn = 0; turn < 200 && !found(); turn++) await new Promise((resolve) => setTimeout(resolve, 50));
};
const queued = await user.functions.invoke("queue-job", {
  body: { job_type: "sdxl_image_fast", prompt: "a lighthouse at dawn", num_images: 1, metadata: { user_requested_enhancement: true } },
});
const results = { queued: queued.data };
const { jobId } = queued.data;

const popped = await fetch(`${API_URL}/functions/v1/media-queue/rpop/sdxl_queue`, { headers: service });
const job = JSON.parse((await popped.json()).result);
results.message = { id: job.id, prompt: job.prompt };
const path = `${job.user_id}/${job.id}/0.png`;
await fetch(`${API_URL}/storage/v1/object/workspace-temp/${path}`, {
  method: "POST", headers: { ...service, "content-type": "image/png" }, body: png,
});
const called = await fetch(`${API_URL}/functions/v1/job-callback`, {
  method: "POST",
  headers: { ...service, "content-type": "application/json" },
  body: JSON.stringify({ job_id: job.id, status: "completed", assets: [{ type: "image", url: path, metadata: { seed: 7 } }] }),
});
results.callback = await called.json();

await until(() => seen.some((it) => it.table === "workspace_assets") && seen.some((it) => it.row.status === "completed"));
results.states = seen.filter((it) => it.table === "jobs" && it.row.id === jobId).map((it) => it.row.status);
const asset = seen.find((it) => it.table === "workspace_assets")?.row;
results.announced = { job: asset?.job_id, path: asset?.temp_storage_path };
results.overheard = overheard.length;

const saved = await user.functions.invoke("workspace-actions", { body: { action: "save_to_library", assetId: asset.id } });
results.saved = saved.data;
const library = (await user.from("user_library").select("storage_path").single()).data;
const file = await user.storage.from("user-library").download(library.storage_path);
results.bytes = (await file.data.arrayBuffer()).byteLength === png.byteLength;
results.hidden = (await other.from("user_library").select("id")).data;

await user.removeAllChannels();
await other.removeAllChannels();
console.log(JSON.stringify(results));
process.exit(0);
