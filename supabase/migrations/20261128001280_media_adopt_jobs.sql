-- Move jobs into pgmq that waited in an external queue which is no longer used.

create function public.adopt_media_jobs_v1(most integer default 500) returns integer
language plpgsql set search_path = ''
as $$
declare
    job public.jobs;
    moved integer := 0;
begin
    for job in
        select j.* from public.jobs j
        where j.status = 'queued' and j.transport = 'external' and j.queued_at < clock_timestamp() - interval '1 minute'
        order by j.queued_at limit most for update skip locked
    loop
        job.transport := 'pgmq';
        update public.jobs j set transport = 'pgmq', message_id = media.send_job(job) where j.id = job.id;
        delete from media.outbox o where o.job_id = job.id;
        moved := moved + 1;
    end loop;
    return moved;
end;
$$;

comment on function public.adopt_media_jobs_v1(integer) is
    'Send jobs to pgmq that have waited for an external queue for a minute, and return their number.';

revoke execute on function public.adopt_media_jobs_v1 from public, anon, authenticated;
grant execute on function public.adopt_media_jobs_v1 to service_role;
