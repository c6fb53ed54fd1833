-- Each dial leaves a dozen dead rows, and autovacuum's default of a fifth of a large table is too many. A scale factor of
-- zero would be as bad: a vacuum reads all indexes, which grow.
alter table public.campaign_contacts set (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 10000,
                                          autovacuum_analyze_scale_factor = 0.02, autovacuum_analyze_threshold = 50000);
alter table public.call_attempts set (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 10000,
                                      autovacuum_analyze_scale_factor = 0.02, autovacuum_analyze_threshold = 50000);
alter table public.calls set (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 10000,
                              autovacuum_analyze_scale_factor = 0.02, autovacuum_analyze_threshold = 50000);
