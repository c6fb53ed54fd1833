// The same webhook for Deno as the platform's guides write it: verify on the raw body, one call of the database.
import { createClient } from "@supabase/supabase-js";

const FORM = /^v=(\d{1,15}),d=([0-9a-f]{64})$/;
const WINDOW_MS = 5 * 60 * 1000;
const supabase = createClient(Deno.env.get("SUPABASE_URL")!, Deno.env.get("SUPABASE_SERVICE_ROLE_KEY")!, {
  auth: { persistSession: false, autoRefreshToken: false },
});
const encoder = new TextEncoder();
const key = await crypto.subtle.importKey(
  "raw", encoder.encode(Deno.env.get("RETELL_API_KEY")!), { name: "HMAC", hash: "SHA-256" }, false, ["verify"],
);

async function verify(body: Uint8Array, header: string | null): Promise<boolean> {
  const match = FORM.exec(header ?? "");
  if (!match || Math.abs(Date.now() - Number(match[1])) > WINDOW_MS) return false;
  const timestamp = encoder.encode(match[1]);
  const message = new Uint8Array(body.length + timestamp.length);
  message.set(body);
  message.set(timestamp, body.length);
  const digest = Uint8Array.from(match[2].match(/../g)!, (pair) => parseInt(pair, 16));
  return await crypto.subtle.verify("HMAC", key, digest, message);
}

// deno-lint-ignore no-explicit-any
function parse(event: string, call: any) {
  const moment = (milliseconds?: number) => milliseconds && new Date(milliseconds).toISOString();
  return {
    event, turn: 0, call_id: call.call_id, payload: call,
    direction: call.direction ?? "outbound", is_over: event !== "call_started",
    agent_id: call.agent_id, from_number: call.from_number, to_number: call.to_number,
    attempt_id: call.metadata?.attempt_id, contact_id: call.metadata?.contact_id,
    status: call.call_status === "ended" ? "completed" : undefined,
    disconnection_reason: call.disconnection_reason,
    started_at: moment(call.start_timestamp), ended_at: moment(call.end_timestamp),
    duration_ms: call.duration_ms, cost_cents: call.call_cost?.combined_cost,
    recording_url: call.recording_url, transcript: call.transcript, analysis: call.call_analysis,
    successful: call.call_analysis?.call_successful, voicemail: call.call_analysis?.in_voicemail,
    metadata: call.metadata,
  };
}

Deno.serve({ hostname: "127.0.0.1", port: Number(Deno.args[0]), onListen: () => {} }, async (request) => {
  const body = new Uint8Array(await request.arrayBuffer());
  if (!await verify(body, request.headers.get("x-retell-signature"))) {
    return Response.json({ error: "Invalid signature" }, { status: 401 });
  }
  const { event, call } = JSON.parse(new TextDecoder().decode(body));
  const { data, error } = await supabase.rpc("apply_call_events_v1", { events: [parse(event, call)] });
  if (error) return Response.json({ error: error.message }, { status: 500 });
  return Response.json({ success: true, event, duplicate: data[0].duplicate });
});
