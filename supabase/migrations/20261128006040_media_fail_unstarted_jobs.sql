-- Fail jobs of a provider that were inserted and never started: the function died, or the database was gone, before the
-- provider's answer could be noted. Nothing else does it; a webhook that comes within the hour still decides.

create or replace function public.reap_media_jobs_v1(most integer default 500) returns jsonb
language plpgsql set search_path = ''
as $$
declare
    job public.jobs;
    requeued integer := 0;
    failed integer := 0;
    resent integer := 0;
begin
    for job in
        select j.* from public.jobs j
        where (j.status = 'processing' and j.lease_expires_at <= clock_timestamp())
           or (j.status = 'queued' and j.transport = 'none' and j.created_at < clock_timestamp() - interval '1 hour')
        order by j.lease_expires_at limit most for update skip locked
    loop
        job := media.fail_attempt(job, case when job.transport = 'none'
            then 'The provider did not answer in time.'
            else format('The worker was lost %s times.', job.attempts) end, true);
        requeued := requeued + (job.status = 'queued')::integer;
        failed := failed + (job.status = 'failed')::integer;
    end loop;
    for job in
        select j.* from public.jobs j
        where j.status = 'queued' and j.transport = 'pgmq' and j.queued_at < clock_timestamp() - interval '1 minute'
          and not media.has_message(j.queue_name, j.message_id)
        limit most for update skip locked
    loop
        update public.jobs j set message_id = media.send_job(job) where j.id = job.id;
        resent := resent + 1;
    end loop;
    -- A message that an external queue holds already is not added again.
    insert into media.outbox (job_id, queue_name)
    select j.id, j.queue_name from public.jobs j
    where j.status = 'queued' and j.transport = 'external' and j.queued_at < clock_timestamp() - interval '1 minute'
    order by j.queued_at limit most
    on conflict do nothing;
    return jsonb_build_object('requeued', requeued, 'failed', failed, 'resent', resent);
end;
$$;

create index jobs_unstarted_idx on public.jobs (created_at) where status = 'queued' and transport = 'none';
