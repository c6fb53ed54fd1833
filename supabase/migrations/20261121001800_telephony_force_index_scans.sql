-- Dialling reads by key at any size. A session keeps the plans of these functions, and plans made while the tables were
-- empty read them whole; until the tables are analyzed, each call would take longer than the last. A bitmap scan does not
-- mark dead index entries, an index scan does.

alter function public.claim_contacts_v1(uuid, integer, integer) set enable_seqscan = off;
alter function public.claim_contacts_v1(uuid, integer, integer) set enable_bitmapscan = off;
alter function public.begin_dial_v1(uuid, uuid) set enable_seqscan = off;
alter function public.begin_dial_v1(uuid, uuid) set enable_bitmapscan = off;
alter function public.place_call_v1(uuid, text) set enable_seqscan = off;
alter function public.place_call_v1(uuid, text) set enable_bitmapscan = off;
alter function public.finish_attempt_v1(uuid, text, timestamptz, bigint, numeric) set enable_seqscan = off;
alter function public.finish_attempt_v1(uuid, text, timestamptz, bigint, numeric) set enable_bitmapscan = off;
alter function public.apply_call_events_v1(jsonb) set enable_seqscan = off;
alter function public.apply_call_events_v1(jsonb) set enable_bitmapscan = off;
