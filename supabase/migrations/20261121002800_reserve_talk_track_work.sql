-- The functions by which the work goes on are for service_role alone.

do $$
declare
    work regprocedure;
begin
    for work in
        select p.oid::regprocedure from pg_proc p
        where p.pronamespace = 'public'::regnamespace and p.proname in (
            'begin_talk_track_job', 'claim_talk_track_job', 'claim_next_talk_track_job', 'lock_leased_talk_track_job',
            'renew_talk_track_lease', 'release_talk_track_job', 'save_talk_track_chunk', 'finish_talk_track_job',
            'fail_talk_track_job', 'clean_up_talk_track_jobs', 'reserve_provider_call', 'pause_provider_calls')
    loop
        execute format('revoke execute on function %s from public, anon, authenticated', work);
        execute format('grant execute on function %s to service_role', work);
    end loop;
end;
$$;
