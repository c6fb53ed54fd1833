-- Dialling reads by key at any size. A session keeps the plans of these functions, and those of a new database were
-- made while its tables were all but empty, when to read the whole of one cost nothing; until somebody analyses the
-- tables, minutes later, each call would then take longer than the last. A bitmap scan reads dead entries of an index
-- again and again, which a plain one marks as dead.

alter function public.claim_contacts(uuid, integer, integer) set enable_seqscan = off;
alter function public.claim_contacts(uuid, integer, integer) set enable_bitmapscan = off;
alter function public.begin_dial(uuid, uuid) set enable_seqscan = off;
alter function public.begin_dial(uuid, uuid) set enable_bitmapscan = off;
alter function public.place_call(uuid, text) set enable_seqscan = off;
alter function public.place_call(uuid, text) set enable_bitmapscan = off;
alter function public.settle_attempt(uuid, text, timestamptz, bigint, numeric) set enable_seqscan = off;
alter function public.settle_attempt(uuid, text, timestamptz, bigint, numeric) set enable_bitmapscan = off;
alter function public.apply_call_event(text, jsonb, integer, text, text) set enable_seqscan = off;
alter function public.apply_call_event(text, jsonb, integer, text, text) set enable_bitmapscan = off;
alter function public.apply_call_events(jsonb) set enable_seqscan = off;
alter function public.apply_call_events(jsonb) set enable_bitmapscan = off;

-- Each dial leaves a dozen dead rows; a fifth of a large table, which autovacuum waits for otherwise, is too many. To
-- wait for no part of it would be as bad: a vacuum reads all indexes, and these grow.
alter table public.campaign_contacts set (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 10000,
                                          autovacuum_analyze_scale_factor = 0.02, autovacuum_analyze_threshold = 50000);
alter table public.call_attempts set (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 10000,
                                      autovacuum_analyze_scale_factor = 0.02, autovacuum_analyze_threshold = 50000);
alter table public.calls set (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 10000,
                              autovacuum_analyze_scale_factor = 0.02, autovacuum_analyze_threshold = 50000);
