-- Let every job of Replicate end soon: predictions whose webhook did not come are read, and what was never
-- started, or has an unknown outcome, waits for minutes.

create table media.replicate_polls (
    job_id uuid primary key references public.jobs (id) on delete cascade,
    polls integer not null default 1,
    next_at timestamptz not null
);
comment on table media.replicate_polls is 'When a prediction that runs is read again; the pauses grow to five minutes.';
alter table media.replicate_polls enable row level security;
grant select, insert, update, delete on media.replicate_polls to service_role;
create index jobs_predicted_idx on public.jobs (started_at) where status = 'processing' and metadata ? 'prediction_id';

create function public.claim_replicate_polls_v1(most integer default 20, seconds integer default 30)
returns table (job_id uuid, prediction_id text)
language plpgsql set search_path = ''
as $$
begin
    return query
    with due as (
        select j.id, j.metadata ->> 'prediction_id' as prediction from public.jobs j
        left join media.replicate_polls p on p.job_id = j.id
        where j.status = 'processing' and j.metadata ? 'prediction_id'
          and coalesce(p.next_at, j.started_at + make_interval(secs => seconds)) <= clock_timestamp()
        order by coalesce(p.next_at, j.started_at) limit most for update of j skip locked
    ), noted as (
        insert into media.replicate_polls as p (job_id, next_at)
        select due.id, clock_timestamp() + interval '1 minute' from due
        on conflict on constraint replicate_polls_pkey do update set polls = p.polls + 1,
            next_at = clock_timestamp() + least(interval '30 seconds' * (p.polls + 2), interval '5 minutes')
    )
    select due.id, due.prediction from due;
end;
$$;

-- A function that ends between a claim and the prediction holds its jobs for three minutes, not an hour.
create or replace function public.claim_replicate_jobs_v2(
    most integer default 10, seconds integer default 60, takes_references boolean default false) returns setof jsonb
language plpgsql set search_path = ''
as $$
declare
    job public.jobs;
begin
    if exists (
        select from public.workers w
        where w.worker_type = 'sdxl' and w.enabled and w.health = 'healthy'
          and w.last_seen_at > clock_timestamp() - interval '3 minutes'
    ) or exists (
        select from public.jobs j
        where j.queue_name = 'sdxl_queue' and j.status = 'processing' and j.worker_id is distinct from 'replicate'
          and j.lease_expires_at > clock_timestamp()
    ) then
        return;
    end if;
    for job in
        select j.* from public.jobs j
        where j.status = 'queued' and j.queue_name = 'sdxl_queue'
          and j.queued_at <= clock_timestamp() - make_interval(secs => claim_replicate_jobs_v2.seconds)
          and (takes_references or j.payload #>> '{metadata,reference_image_url}' is null)
        order by j.priority desc, j.queued_at limit most for update skip locked
    loop
        job := media.start_job(job, 'replicate', 180);
        if job.status = 'processing' then
            if job.transport = 'pgmq' then
                perform media.hide_message(job.queue_name, job.message_id, 180);
            end if;
            return next media.claim_payload(job);
        end if;
    end loop;
end;
$$;

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
           or (j.status = 'queued' and j.transport = 'none' and j.created_at < clock_timestamp() - interval '10 minutes')
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

comment on function public.claim_replicate_polls_v1(integer, integer) is
    'Predictions of jobs that are processing, whose next read is due: so many seconds after the start, then after growing pauses.';
revoke execute on function public.claim_replicate_polls_v1 from public, anon, authenticated;
grant execute on function public.claim_replicate_polls_v1 to service_role;
