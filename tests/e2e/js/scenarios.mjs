// What a frontend developer does with supabase-js: one JSON document of results on standard output.
import { createClient } from "@supabase/supabase-js";

const { API_URL, SERVICE_KEY, PUBLIC_KEY, USER_TOKEN, USER_ID, VIDEO } = process.env;
const options = { auth: { persistSession: false, autoRefreshToken: false } };
const service = createClient(API_URL, SERVICE_KEY, options);
const visitor = createClient(API_URL, PUBLIC_KEY, options);
const user = createClient(API_URL, PUBLIC_KEY, { accessToken: async () => USER_TOKEN });

const transcript = "Ann: What does the delay cost you?\nBob: That's too expensive for us.\nAnn: I understand. Let's compare it with the cost of the delay.";
const body = (video_id) => ({ collection_id: "js", video_id, transcript });

const outcome = async ({ data, error }) =>
  error ? { name: error.name, status: error.context.status, body: await error.context.json() } : data;

const results = {};
const processed = await service.functions.invoke("process-transcript", { body: body(VIDEO) });
results.invoke = processed.data ?? (await outcome(processed));
results.invokeByUser = await outcome(await user.functions.invoke("process-transcript", { body: body(`${VIDEO}-user`) }));
results.invokeByVisitor = await outcome(await visitor.functions.invoke("process-transcript", { body: body(VIDEO) }));
results.invokeUnknown = await outcome(await service.functions.invoke("no-such-function", { body: {} }));
results.invokeInvalid = await outcome(await service.functions.invoke("structured-data", { body: { video_id: 7 } }));

const mine = { video_id: `${VIDEO}-table`, collection_id: "js", owner_id: USER_ID };
results.insert = (await user.from("videos").insert(mine).select().single()).data;
results.insertTwice = (await user.from("videos").insert(mine)).error;
results.upsert = (
  await user.from("videos").upsert({ ...mine, metadata: { seen: [1, 2] } }, { onConflict: "video_id,collection_id" }).select("metadata")
).data;
results.filtered = (
  await user.from("videos").select("video_id, seen:metadata->seen->0").eq("collection_id", "js").like("video_id", `${VIDEO}%`).order("video_id")
).data;
results.embedded = (
  await user.from("videos").select("video_id, transcripts(full_text, transcript_chunks(chunk_index))").eq("video_id", `${VIDEO}-user`).single()
).data;
const counted = await user.from("videos").select("*", { count: "exact", head: true });
results.counted = { count: counted.count, data: counted.data, status: counted.status };
results.single = (await user.from("videos").select().eq("video_id", "nothing").single()).error;
results.maybeSingle = await user.from("videos").select().eq("video_id", "nothing").maybeSingle();
results.hidden = (await visitor.from("videos").select("id")).error;
results.updated = (await user.from("videos").update({ metadata: {} }).eq("video_id", mine.video_id).select("metadata")).data;
results.rpc = (
  await user.rpc("match_chunks", { query_embedding: Array(1536).fill(0.01), match_count: 3 }).select("chunk_index,chunk_text")
).data;
results.deleted = (await user.from("videos").delete().eq("video_id", mine.video_id).select("video_id")).data;
results.missingTable = (await user.from("vidoes").select()).error;

console.log(JSON.stringify(results));
