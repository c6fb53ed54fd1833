-- Find jobs that their workers have lost, and messages that are missing.

create function public.reap_media_jobs_v1(most integer default 500) returns jsonb
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
        where j.status = 'processing' and j.lease_expires_at <= clock_timestamp()
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

create function media.has_message(queue text, message_id bigint) returns boolean
language plpgsql stable security definer set search_path = ''
as $$
declare
    is_there boolean;
begin
    execute format('select exists (select from pgmq.%I where msg_id = $1)', 'q_' || queue) into is_there using message_id;
    return is_there;
end;
$$;

create function public.retry_media_job_v1(job_id uuid) returns jsonb
language plpgsql set search_path = ''
as $$
declare
    job public.jobs;
begin
    select j.* into job from public.jobs j where j.id = retry_media_job_v1.job_id for update;
    if job.id is null then
        raise exception 'Job not found' using errcode = 'PT404', detail = 'JOB_NOT_FOUND';
    elsif job.status <> 'failed' or job.transport = 'none' then
        raise exception 'The job is % and cannot be queued again.', job.status using errcode = 'PT409', detail = 'JOB_NOT_FAILED';
    end if;
    perform set_config('media.retry', job.id::text, true);
    update public.jobs j set status = 'queued', attempts = 0, message_id = media.send_job(job)
    where j.id = job.id returning j.* into job;
    perform set_config('media.retry', '', true);
    return media.job_receipt(job, job.request_digest, false);
end;
$$;

-- Depth, age of the oldest and the time that the last fifty jobs took; a wait estimate for the next job.
create function public.get_media_queues_v1() returns jsonb
language sql stable set search_path = ''
as $$
    select coalesce(jsonb_object_agg(q.queue_name, jsonb_build_object(
        'depth', w.depth, 'in_flight', f.in_flight, 'workers', f.workers,
        'oldest_age_seconds', w.oldest_age, 'average_seconds', d.seconds,
        'eta_seconds', case when w.depth = 0 and f.in_flight = 0 then 0
            else ceil((w.depth + 1) * d.seconds / greatest(f.workers, 1)) end)), '{}')
    from media.queues q,
    lateral (
        select count(*) as depth, coalesce(round(extract(epoch from clock_timestamp() - min(j.queued_at)), 1), 0) as oldest_age
        from public.jobs j where j.queue_name = q.queue_name and j.status = 'queued') w,
    lateral (
        select count(*) as in_flight, count(distinct coalesce(j.worker_id, j.id::text)) as workers
        from public.jobs j where j.queue_name = q.queue_name and j.status = 'processing') f,
    lateral (
        select round(avg(extract(epoch from l.completed_at - l.started_at)), 3) as seconds from (
            select j.started_at, j.completed_at from public.jobs j
            where j.queue_name = q.queue_name and j.status = 'completed' order by j.completed_at desc limit 50) l) d;
$$;

create index jobs_processing_idx on public.jobs (queue_name) where status = 'processing';

comment on function public.reap_media_jobs_v1(integer) is
    'Queue jobs again whose lease has expired, or fail them, and send missing messages again: {requeued, failed, resent}.';
comment on function public.retry_media_job_v1(uuid) is 'Queue a failed job again. Raises JOB_NOT_FOUND or JOB_NOT_FAILED.';
comment on function public.get_media_queues_v1() is
    '{queue: {depth, in_flight, workers, oldest_age_seconds, average_seconds, eta_seconds}}; seconds are null before a job was completed.';

revoke execute on function media.has_message from public;
grant execute on function media.has_message to service_role;
revoke execute on function public.reap_media_jobs_v1, public.retry_media_job_v1, public.get_media_queues_v1
    from public, anon, authenticated;
grant execute on function public.reap_media_jobs_v1, public.retry_media_job_v1, public.get_media_queues_v1 to service_role;
