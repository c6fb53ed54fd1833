-- Enqueue several jobs in one transaction, and say for each how long it will wait.

-- Jobs that come first (all that are queued, if they are more than 100), and the seconds until this one is done by the last fifty durations.
create function media.estimate_wait(queue text, message_id bigint) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
    most constant integer := 100;
    ahead integer;
    seconds double precision;
    workers integer;
begin
    if message_id is null then
        return '{}';
    end if;
    execute format(
        'select r.place - 1 from (select n.msg_id, row_number() over () as place from (select m.msg_id from pgmq.%I m'
        ' where m.vt <= clock_timestamp() order by coalesce((m.message ->> ''priority'')::integer, 0) desc,'
        ' coalesce((m.message ->> ''rank'')::double precision, 0), m.msg_id limit $2) n) r where r.msg_id = $1', 'q_' || queue)
    into ahead using message_id, most;
    select avg(extract(epoch from l.completed_at - l.started_at)) into seconds from (
        select j.started_at, j.completed_at from public.jobs j
        where j.queue_name = queue and j.status = 'completed' order by j.completed_at desc limit 50) l;
    select count(distinct coalesce(j.worker_id, j.id::text)) into workers
    from public.jobs j where j.queue_name = queue and j.status = 'processing';
    if ahead is null then
        select greatest(count(*) - 1, most) into ahead
        from (select from public.jobs j where j.queue_name = queue and j.status = 'queued' limit 10000) q;
    end if;
    return jsonb_build_object(
        'position', ahead, 'eta_seconds', ceil((ahead + 1) * seconds / greatest(workers, 1)));
end;
$$;

create function public.enqueue_media_jobs_v1(jobs jsonb) returns jsonb
language plpgsql set search_path = ''
as $$
declare
    entry jsonb;
    receipt jsonb;
    receipts jsonb := '[]';
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
        receipts := receipts || jsonb_build_array(receipt);
    end loop;
    return (
        select jsonb_agg(r.value || case when r.value ->> 'status' = 'queued'
            then media.estimate_wait(r.value ->> 'queue_name', j.message_id) else '{}' end order by r.ordinality)
        from jsonb_array_elements(receipts) with ordinality r
        left join public.jobs j on j.id = (r.value ->> 'job_id')::uuid);
end;
$$;

comment on function public.enqueue_media_jobs_v1(jsonb) is
    'Enqueue [{job, payload}], as enqueue_media_job_v1 does each: [{job_id, status, queue_name, duplicate, position, eta_seconds} or {error: {code, message, details}}].';
comment on function media.estimate_wait(text, bigint) is
    '{position, eta_seconds} of a message; {} without one, eta_seconds is null before a job was completed.';

revoke execute on function media.estimate_wait from public;
grant execute on function media.estimate_wait to service_role;
revoke execute on function public.enqueue_media_jobs_v1 from public, anon, authenticated;
grant execute on function public.enqueue_media_jobs_v1 to service_role;
