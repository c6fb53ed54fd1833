-- Enqueue several jobs in one transaction, and say for each how long it will wait.

-- For messages of a queue: how many come first, and the seconds until each is done by the last fifty durations.
create function media.estimate_waits(queue text, message_ids bigint[])
returns table (message_id bigint, place integer, eta_seconds double precision)
language plpgsql stable security definer set search_path = ''
as $$
declare
    most constant integer := 200;
    seconds double precision;
    workers integer;
begin
    select avg(extract(epoch from l.completed_at - l.started_at)) into seconds from (
        select j.started_at, j.completed_at from public.jobs j
        where j.queue_name = queue and j.status = 'completed' order by j.completed_at desc limit 50) l;
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

create function public.enqueue_media_jobs_v1(jobs jsonb) returns jsonb
language plpgsql set search_path = ''
as $$
declare
    entry jsonb;
    receipt jsonb;
    receipts jsonb[] := '{}';
    failed_code text;
    failed_message text;
    failed_detail text;
begin
    for entry in select value from jsonb_array_elements(jobs) loop
        begin
            receipt := public.enqueue_media_job_v1(entry -> 'job', entry -> 'payload');
        exception
            when serialization_failure or deadlock_detected then
                raise;
            when others then
                get stacked diagnostics
                    failed_code = returned_sqlstate, failed_message = message_text, failed_detail = pg_exception_detail;
                receipt := jsonb_build_object('error', jsonb_build_object(
                    'code', failed_code, 'message', failed_message, 'details', nullif(failed_detail, '')));
        end;
        receipts := receipts || receipt;
    end loop;
    return (
        with given as (
            select r.value, r.ordinality, j.queue_name, j.message_id
            from unnest(receipts) with ordinality r(value, ordinality)
            left join public.jobs j on j.id = (r.value ->> 'job_id')::uuid and j.status = 'queued'
        ), waits as (
            select q.queue_name, w.* from (
                select g.queue_name, array_agg(g.message_id) as ids from given g
                where g.message_id is not null group by g.queue_name) q,
            lateral media.estimate_waits(q.queue_name, q.ids) w
        )
        select jsonb_agg(g.value || case when w.message_id is null then '{}' else jsonb_build_object(
            'position', w.place, 'eta_seconds', w.eta_seconds) end order by g.ordinality)
        from given g left join lateral (
            select * from waits w where w.queue_name = g.queue_name and w.message_id = g.message_id limit 1) w on true);
end;
$$;

comment on function public.enqueue_media_jobs_v1(jsonb) is
    'Enqueue [{job, payload}], as enqueue_media_job_v1 does each: [{job_id, status, queue_name, duplicate, position, eta_seconds} or {error: {code, message, details}}].';
comment on function media.estimate_waits(text, bigint[]) is
    'How many messages come before each, at most 200, and the seconds until it is done; null before a job was completed.';

revoke execute on function media.estimate_waits from public;
grant execute on function media.estimate_waits to service_role;
revoke execute on function public.enqueue_media_jobs_v1 from public, anon, authenticated;
grant execute on function public.enqueue_media_jobs_v1 to service_role;
