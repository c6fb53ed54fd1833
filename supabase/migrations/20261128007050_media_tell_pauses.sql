-- Tell which queues are paused, expect no end of their jobs, and do not take a pause for a lack of workers.

create or replace function public.get_media_queues_v1() returns jsonb
language sql stable set search_path = ''
as $$
    select coalesce(jsonb_object_agg(q.queue_name, jsonb_build_object(
        'depth', w.depth, 'in_flight', f.in_flight, 'workers', f.workers,
        'oldest_age_seconds', w.oldest_age, 'average_seconds', round(d.seconds, 3),
        'eta_seconds', case when p.paused_at is not null then null when w.depth = 0 and f.in_flight = 0 then 0
            else ceil((w.depth + 1) * d.seconds / greatest(f.workers, 1)) end,
        'paused_at', p.paused_at, 'paused_by', p.paused_by)), '{}')
    from media.queues q
    left join media.queue_pauses p on p.queue_name = q.queue_name and p.resumed_at is null,
    lateral (
        select count(*) as depth, coalesce(round(extract(epoch from clock_timestamp() - min(j.queued_at)), 1), 0) as oldest_age
        from public.jobs j where j.queue_name = q.queue_name and j.status = 'queued') w,
    lateral (
        select count(*) as in_flight, count(distinct coalesce(j.worker_id, j.id::text)) as workers
        from public.jobs j where j.queue_name = q.queue_name and j.status = 'processing') f,
    lateral (select media.average_seconds(q.queue_name) as seconds) d;
$$;
comment on function public.get_media_queues_v1() is
    '{queue: {depth, in_flight, workers, oldest_age_seconds, average_seconds, eta_seconds, paused_at, paused_by}}; seconds are null before a job was completed, eta_seconds in a pause, the last two outside of one.';

create or replace function media.estimate_waits(queue text, message_ids bigint[])
returns table (message_id bigint, place integer, eta_seconds double precision)
language plpgsql stable security definer set search_path = ''
set enable_sort = off set enable_seqscan = off set enable_bitmapscan = off
as $$
declare
    most constant integer := 200;
    seconds double precision := case when not media.is_paused(queue) then media.average_seconds(queue) end;
    workers integer;
begin
    select count(distinct coalesce(j.worker_id, j.id::text)) into workers
    from public.jobs j where j.queue_name = queue and j.status = 'processing';
    return query execute format(
        'with first as materialized (select n.msg_id, row_number() over () as place from (select m.msg_id from pgmq.%I m'
        ' where m.vt <= clock_timestamp() order by coalesce((m.message ->> ''priority'')::integer, 0) desc,'
        ' coalesce((m.message ->> ''rank'')::double precision, 0), m.msg_id limit $2) n)'
        ' select g.id, coalesce(f.place - 1, $2)::integer, ceil(coalesce(f.place, $2) * $3 / greatest($4, 1))'
        ' from unnest($1) g(id) left join first f on f.msg_id = g.id', 'q_' || queue)
    using message_ids, most, seconds, workers;
end;
$$;

-- After a pause, workers are given as long to take a job as if it had just been queued.
create or replace function public.claim_replicate_jobs_v2(
    most integer default 10, seconds integer default 60, takes_references boolean default false) returns setof jsonb
language plpgsql set search_path = ''
as $$
declare
    job public.jobs;
    resumed_at timestamptz := (select p.resumed_at from media.queue_pauses p where p.queue_name = 'sdxl_queue');
begin
    if media.is_paused('sdxl_queue') or exists (
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
          and greatest(j.queued_at, resumed_at) <= clock_timestamp() - make_interval(secs => claim_replicate_jobs_v2.seconds)
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

create or replace function public.claim_replicate_jobs_v1(most integer default 10, seconds integer default 60) returns setof jsonb
language sql set search_path = ''
as $$
    select public.claim_replicate_jobs_v2(most, seconds);
$$;
