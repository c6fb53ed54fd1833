-- Take jobs out of the queue under a lease.

create function media.start_job(job public.jobs, worker text, seconds integer) returns public.jobs
language plpgsql set search_path = ''
as $$
begin
    if job.attempts >= job.max_attempts then
        update public.jobs j set status = 'failed',
            error_message = format('The worker was lost %s times.', job.attempts)
        where j.id = job.id returning j.* into job;
        return job;
    end if;
    update public.jobs j
    set status = 'processing', attempts = j.attempts + 1, worker_id = worker, started_at = clock_timestamp(),
        lease_expires_at = clock_timestamp() + make_interval(secs => seconds)
    where j.id = job.id returning j.* into job;
    return job;
end;
$$;

create function media.is_claimable(job public.jobs) returns boolean
language sql stable set search_path = ''
as $$
    select job.status = 'queued' or (job.status = 'processing' and job.lease_expires_at <= clock_timestamp());
$$;

create function media.claim_payload(job public.jobs) returns jsonb
language sql stable set search_path = ''
as $$
    select job.payload || jsonb_build_object('attempt', job.attempts);
$$;

create function public.claim_media_job_v1(queue text, worker text default null, seconds integer default null) returns jsonb
language plpgsql set search_path = ''
as $$
declare
    lease integer := coalesce(seconds, (select q.visibility_seconds from media.queues q where q.queue_name = queue));
    message media.message;
    job public.jobs;
    job_id uuid;
begin
    if lease is null then
        return null;
    end if;
    loop
        message := media.read_message(queue, lease);
        if message.id is null then
            return null;
        end if;
        if jsonb_typeof(message.body) <> 'object' or message.body ->> 'job_id' is null then
            perform media.drop_message(queue, message.id);
            return jsonb_build_object('value', coalesce(to_jsonb(message.body ->> 'body'), message.body));
        end if;
        job_id := (message.body ->> 'job_id')::uuid;
        -- Skip a locked job rather than wait: its callback may be waiting for the message.
        select j.* into job from public.jobs j where j.id = job_id for update skip locked;
        if job.id is null and exists (select from public.jobs j where j.id = job_id) then
            perform media.hide_message(queue, message.id, 1);
        elsif job.id is null or job.status in ('completed', 'failed', 'cancelled') then
            perform media.drop_message(queue, message.id);
        elsif not media.is_claimable(job) then
            perform media.hide_message(
                queue, message.id, greatest(1, ceil(extract(epoch from job.lease_expires_at - clock_timestamp()))::integer));
        else
            job := media.start_job(job, worker, lease);
            if job.status = 'processing' then
                return jsonb_build_object('value', media.claim_payload(job));
            end if;
        end if;
    end loop;
end;
$$;

-- For queues outside of Postgres: start the job whose message was read there.
create function public.start_media_job_v1(job_id uuid, worker text default null, seconds integer default 300) returns jsonb
language plpgsql set search_path = ''
as $$
declare
    job public.jobs;
begin
    select j.* into job from public.jobs j where j.id = start_media_job_v1.job_id for update;
    if job.id is null or not media.is_claimable(job) then
        return jsonb_build_object('started', false, 'finished', coalesce(job.status <> 'processing', true));
    end if;
    job := media.start_job(job, worker, seconds);
    return jsonb_build_object(
        'started', job.status = 'processing', 'finished', job.status <> 'processing', 'value', media.claim_payload(job));
end;
$$;

create function media.drop_message(queue text, message_id bigint) returns void
language sql security definer set search_path = ''
as $$ select pgmq.archive(queue, message_id) $$;

create function media.hide_message(queue text, message_id bigint, seconds integer) returns void
language sql security definer set search_path = ''
as $$ select pgmq.set_vt(queue, message_id, seconds) $$;

-- Archive the message of a job that has ended, in the transaction that ends it.
create function media.archive_message() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
    if new.transport = 'pgmq' then
        perform pgmq.archive(new.queue_name, new.message_id);
    end if;
    delete from media.outbox o where o.job_id = new.id;
    return null;
end;
$$;
create trigger archive_message after update of status on public.jobs
    for each row when (new.status in ('completed', 'failed', 'cancelled') and old.status <> new.status)
    execute function media.archive_message();

comment on function public.claim_media_job_v1(text, text, integer) is
    'Lease the next job of a queue to a worker and return {value: payload}; null if none waits. Messages that are no jobs are removed and returned.';
comment on function public.start_media_job_v1(uuid, text, integer) is
    'Lease a job that was read from an external queue: {started, finished, value}; finished: its message can be removed.';

revoke execute on function media.drop_message, media.hide_message, media.archive_message from public;
grant execute on function media.drop_message, media.hide_message to service_role;
revoke execute on function public.claim_media_job_v1, public.start_media_job_v1 from public, anon, authenticated;
grant execute on function public.claim_media_job_v1, public.start_media_job_v1 to service_role;
