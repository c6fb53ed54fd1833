// Uses small projects as their frontends would: a sign-up, then the steps of each, as that user.
import { createClient } from "@supabase/supabase-js";

// Insert `row` into `table` once its changes are subscribed to; return the row as Realtime sends it.
async function insertAndWait(client, table, row) {
  const received = Promise.withResolvers();
  const change = { event: "INSERT", schema: "public", table };
  const channel = client.channel("changes").on("postgres_changes", change, ({ new: sent }) => received.resolve(sent));
  // The server's system message: from here on no change is missed.
  channel.on("system", {}, async () => {
    const { error } = await client.from(table).insert(row);
    if (error) received.reject(error);
  });
  channel.subscribe((status, error) => error && received.reject(error));
  const sent = await received.promise;
  await client.removeChannel(channel);
  client.realtime.disconnect();
  return sent;
}

const options = { auth: { persistSession: false, autoRefreshToken: false } };
const results = {};
for (const { name, url, key, steps } of JSON.parse(process.env.PROJECTS)) {
  const client = createClient(url, key, options);
  const { data, error } = await client.auth.signUp({ email: "bob@example.com", password: "secret123", options: { data: { name: "Bob" } } });
  if (error) throw error;
  const known = { user: data.user.id };
  const filled = (value) => JSON.parse(JSON.stringify(value).replace(/\{(\w+)\}/g, (_, word) => known[word]));
  results[name] = [];
  for (const step of steps) {
    const [kind, ...given] = filled(step);
    let answer;
    if (kind === "rpc") answer = await client.rpc(...given);
    if (kind === "insert") answer = await client.from(given[0]).insert(given[1]).select();
    if (kind === "select") answer = await client.schema(given[2] ?? "public").from(given[0]).select(given[1]);
    if (kind === "upload") answer = await client.storage.from(given[0]).upload(given[1], new Blob(["picture"]));
    if (kind === "invoke") answer = await client.functions.invoke(given[0], { body: given[1] });
    if (kind === "claim") answer = { data: (await client.auth.getClaims()).data.claims[given[0]] };
    if (kind === "live") answer = { data: await insertAndWait(client, ...given) };
    if (kind === "rpc" && answer.data?.id) known.made = answer.data.id;
    results[name].push(answer.error ? { error: answer.error.message } : answer.data);
  }
}
process.stdout.write(JSON.stringify(results), () => process.exit());
