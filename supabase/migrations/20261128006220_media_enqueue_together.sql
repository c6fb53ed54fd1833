-- Enqueue the jobs of a batch by a few statements about all of them, and find the next messages by their index alone.

create function media.least_rank(queue text) returns double precision
language plpgsql stable security definer set search_path = ''
as $$
declare
    rank double precision;
begin
    execute format(
        'select coalesce((message ->> ''rank'')::double precision, 0) from pgmq.%I where vt <= clock_timestamp()'
        ' order by coalesce((message ->> ''priority'')::integer, 0) desc,'
        ' coalesce((message ->> ''rank'')::double precision, 0), msg_id limit 1', 'q_' || queue)
    into rank;
    return coalesce(rank, 0);
end;
$$;

create or replace function media.next_rank(queue text, owner text) returns double precision
language plpgsql security definer set search_path = ''
as $$
declare
    least_rank double precision := media.least_rank(queue);
    rank double precision;
begin
    if owner = '' then
        return least_rank;
    end if;
    insert into media.fair_shares as f (queue_name, owner, last_rank)
    values (queue, next_rank.owner, least_rank)
    on conflict on constraint fair_shares_pkey do update
        set last_rank = greatest(f.last_rank + 1, least_rank)
    returning f.last_rank into rank;
    return rank;
end;
$$;

-- Send messages to one queue; each gets the rank that next_rank would give it.
create function media.send_messages(queue text, places bigint[], owners text[], bodies jsonb[])
returns table (place bigint, message_id bigint)
language plpgsql security definer set search_path = ''
as $$
declare
    least_rank double precision := media.least_rank(queue);
begin
    return query
    with given as materialized (
        select g.*, count(*) over (partition by g.owner) as turns,
            row_number() over (partition by g.owner order by g.place) as turn
        from unnest(places, owners, bodies) g(place, owner, body)
    ), shares as (
        insert into media.fair_shares as f (queue_name, owner, last_rank)
        select queue, g.owner, least_rank + g.turns - 1 from given g where g.turn = 1 order by g.owner
        on conflict on constraint fair_shares_pkey do update  -- excluded - least_rank: how many are sent, less one
            set last_rank = greatest(f.last_rank + 1, least_rank) + excluded.last_rank - least_rank
        returning f.owner, f.last_rank
    ), ranked as (
        select array_agg(g.place order by g.place) as places, array_agg(
            g.body || jsonb_build_object('rank', s.last_rank - g.turns + g.turn) order by g.place) as bodies
        from given g join shares s on s.owner = g.owner
    )
    select s.place, s.message_id
    from ranked r, lateral rows from (unnest(r.places), pgmq.send_batch(queue, r.bodies)) s(place, message_id);
end;
$$;

-- Enqueue all jobs of [{job, payload}] that are new and allowed, in their order; null for others, which
-- enqueue_media_job_v1 answers.
create function media.enqueue_together(entries jsonb) returns jsonb[]
language plpgsql set search_path = ''
as $$
declare
    receipts jsonb[];
begin
    with given as materialized (
        select e.place, e.value -> 'payload' as body, j.*,
            row_number() over (partition by j.user_id, coalesce(j.idempotency_key, j.id::text) order by e.place) as turn
        from jsonb_array_elements(entries) with ordinality e(value, place),
        lateral jsonb_populate_record(null::public.jobs, e.value -> 'job') j
    ), users as materialized (
        select u.user_id from (select g.user_id, count(*) as jobs from given g group by g.user_id) u
        where u.jobs + (select count(*) from (
            select from public.jobs j where j.user_id = u.user_id and j.status = 'queued' limit 5000) q) <= 5000
    ), chosen as materialized (
        select g.* from given g join users u on u.user_id = g.user_id
        where g.turn = 1 and g.id is not null
          and (g.project_id is null or exists (
              select from public.projects p where p.id = g.project_id and p.user_id = g.user_id))
          and (g.idempotency_key is null or not exists (
              select from public.jobs j where j.user_id = g.user_id and j.idempotency_key = g.idempotency_key))
    ), sent as materialized (
        select m.place, m.message_id from (
            select c.queue_name, array_agg(c.place order by c.place) as places,
                array_agg(c.user_id::text order by c.place) as owners,
                array_agg(c.body || jsonb_build_object('priority', coalesce(c.priority, 0)) order by c.place) as bodies
            from chosen c where coalesce(c.transport, 'pgmq') = 'pgmq' group by c.queue_name order by c.queue_name) q,
        lateral media.send_messages(q.queue_name, q.places, q.owners, q.bodies) m
    ), stored as (
        insert into public.jobs (
            id, user_id, job_type, format, quality, model_type, destination, original_prompt, enhanced_prompt, template_name,
            enhancement_strategy, enhancement_time_ms, metadata, project_id, workspace_session_id, idempotency_key,
            request_digest, priority, queue_name, transport, payload, max_attempts, message_id)
        select
            c.id, c.user_id, c.job_type, c.format, c.quality, c.model_type, coalesce(c.destination, 'workspace'),
            coalesce(c.original_prompt, ''), c.enhanced_prompt, c.template_name, c.enhancement_strategy,
            c.enhancement_time_ms, coalesce(c.metadata, '{}'), c.project_id, c.workspace_session_id, c.idempotency_key,
            c.request_digest, coalesce(c.priority, 0), c.queue_name, coalesce(c.transport, 'pgmq'), c.body,
            coalesce(c.max_attempts, 3), s.message_id
        from chosen c left join sent s on s.place = c.place order by c.place
        returning id, status, queue_name, transport
    ), boxed as (
        insert into media.outbox (job_id, queue_name)
        select s.id, s.queue_name from stored s where s.transport = 'external'
    )
    select array_agg(case when s.id is not null then jsonb_build_object(
        'job_id', s.id, 'status', s.status, 'queue_name', s.queue_name, 'duplicate', false) end order by g.place)
    into receipts
    from given g left join stored s on s.id = g.id and g.turn = 1;
    return receipts;
end;
$$;

create or replace function public.enqueue_media_jobs_v1(jobs jsonb) returns jsonb
language plpgsql set search_path = ''
as $$
declare
    receipts jsonb[] := array_fill(null::jsonb, array[jsonb_array_length(jobs)]);
    failed_code text;
    failed_message text;
    failed_detail text;
begin
    if jsonb_array_length(jobs) > 1 then
        begin
            receipts := media.enqueue_together(jobs);
        exception
            when serialization_failure or deadlock_detected then
                raise;
            when others then  -- one of them is wrong
                null;
        end;
    end if;
    for place in 1 .. jsonb_array_length(jobs) loop
        continue when receipts[place] is not null;
        begin
            receipts[place] := public.enqueue_media_job_v1(jobs -> place - 1 -> 'job', jobs -> place - 1 -> 'payload');
        exception
            when serialization_failure or deadlock_detected then
                raise;
            when others then
                get stacked diagnostics
                    failed_code = returned_sqlstate, failed_message = message_text, failed_detail = pg_exception_detail;
                receipts[place] := jsonb_build_object('error', jsonb_build_object(
                    'code', failed_code, 'message', failed_message, 'details', nullif(failed_detail, '')));
        end;
    end loop;
    return media.add_waits(receipts);
end;
$$;

create function media.add_waits(receipts jsonb[]) returns jsonb
language plpgsql stable set search_path = ''
as $$
declare
    answers jsonb;
begin
    with given as materialized (
        select r.value, r.place, j.queue_name, j.message_id
        from unnest(receipts) with ordinality r(value, place)
        left join lateral (
            select j.queue_name, j.message_id from public.jobs j
            where j.id = (r.value ->> 'job_id')::uuid and j.status = 'queued') j on true
    ), waits as materialized (
        select q.queue_name, w.* from (
            select g.queue_name, array_agg(distinct g.message_id) as ids from given g
            where g.message_id is not null group by g.queue_name) q,
        lateral media.estimate_waits(q.queue_name, q.ids) w
    )
    select jsonb_agg(g.value || case when w.message_id is null then '{}' else jsonb_build_object(
        'position', w.place, 'eta_seconds', w.eta_seconds) end order by g.place)
    into answers
    from given g left join waits w on w.queue_name = g.queue_name and w.message_id = g.message_id;
    return answers;
end;
$$;

-- `is not null` begins in the index behind the jobs that wait, which have no time and come first in it.
create function media.average_seconds(queue text) returns numeric
language sql stable set search_path = ''
as $$
    select avg(extract(epoch from l.completed_at - l.started_at)) from (
        select j.started_at, j.completed_at from public.jobs j
        where j.queue_name = queue and j.status = 'completed' and j.completed_at is not null
        order by j.completed_at desc limit 50) l
$$;

create or replace function media.estimate_waits(queue text, message_ids bigint[])
returns table (message_id bigint, place integer, eta_seconds double precision)
language plpgsql stable security definer set search_path = ''
as $$
declare
    most constant integer := 200;
    seconds double precision := media.average_seconds(queue);
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

-- Depth, age of the oldest and the time that the last fifty jobs took; a wait estimate for the next job.
create or replace function public.get_media_queues_v1() returns jsonb
language sql stable set search_path = ''
as $$
    select coalesce(jsonb_object_agg(q.queue_name, jsonb_build_object(
        'depth', w.depth, 'in_flight', f.in_flight, 'workers', f.workers,
        'oldest_age_seconds', w.oldest_age, 'average_seconds', round(d.seconds, 3),
        'eta_seconds', case when w.depth = 0 and f.in_flight = 0 then 0
            else ceil((w.depth + 1) * d.seconds / greatest(f.workers, 1)) end)), '{}')
    from media.queues q,
    lateral (
        select count(*) as depth, coalesce(round(extract(epoch from clock_timestamp() - min(j.queued_at)), 1), 0) as oldest_age
        from public.jobs j where j.queue_name = q.queue_name and j.status = 'queued') w,
    lateral (
        select count(*) as in_flight, count(distinct coalesce(j.worker_id, j.id::text)) as workers
        from public.jobs j where j.queue_name = q.queue_name and j.status = 'processing') f,
    lateral (select media.average_seconds(q.queue_name) as seconds) d;
$$;

comment on function media.average_seconds(text) is
    'How long the last fifty jobs of a queue took, on average; null before one was completed.';
comment on function media.least_rank(text) is 'The rank of the message that is next, 0 if none waits.';
comment on function media.send_messages(text, bigint[], text[], jsonb[]) is
    'Send bodies of several owners to one queue, in order, and return the id of each message by its place.';
comment on function media.enqueue_together(jsonb) is
    'Enqueue the new jobs of [{job, payload}] in a few statements: their receipts, null for jobs that need a closer look.';
comment on function media.add_waits(jsonb[]) is 'Add position and eta_seconds to the receipts of jobs that wait in pgmq.';

-- Plans made while a queue was empty, or before it was analyzed, would sort all of it; the index has the order.
alter function media.least_rank(text) set enable_sort = off;
alter function media.read_message(text, integer) set enable_sort = off;
alter function media.estimate_waits(text, bigint[]) set enable_sort = off;
alter function media.estimate_waits(text, bigint[]) set enable_seqscan = off;
alter function media.estimate_waits(text, bigint[]) set enable_bitmapscan = off;
alter function media.average_seconds(text) set enable_sort = off;
alter function media.average_seconds(text) set enable_seqscan = off;
alter function media.average_seconds(text) set enable_bitmapscan = off;
-- The plan is made once a session.
alter function media.enqueue_together(jsonb) set plan_cache_mode = force_generic_plan;
alter function media.add_waits(jsonb[]) set plan_cache_mode = force_generic_plan;
alter function media.enqueue_together(jsonb) set enable_seqscan = off;
alter function media.enqueue_together(jsonb) set enable_bitmapscan = off;
alter function media.add_waits(jsonb[]) set enable_seqscan = off;
alter function media.add_waits(jsonb[]) set enable_bitmapscan = off;

revoke execute on function media.least_rank, media.send_messages, media.enqueue_together, media.add_waits, media.average_seconds
    from public;
grant execute on function media.least_rank, media.send_messages, media.enqueue_together, media.add_waits, media.average_seconds
    to service_role;
