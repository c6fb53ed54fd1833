-- The verbs of a queue by RPC, for messages of any kind. A lease is lost when the message was read once more.

create function media.check_queue(queue text) returns text
language plpgsql stable set search_path = ''
as $$
begin
    if not exists (select from media.queues q where q.queue_name = check_queue.queue) then
        raise exception 'There is no queue %.', left(queue, 60) using errcode = 'PT404', detail = 'QUEUE_NOT_FOUND';
    end if;
    return 'q_' || queue;
end;
$$;

create function public.send_queue_message_v1(
    queue text, body text, message_group text default '', priority integer default 0) returns bigint
language plpgsql security definer set search_path = ''
as $$
begin
    perform media.check_queue(queue);
    return pgmq.send(queue, jsonb_build_object(
        'body', body, 'priority', priority, 'rank', media.next_rank(queue, message_group)));
end;
$$;

create function public.read_queue_message_v1(queue text, seconds integer) returns jsonb
language plpgsql set search_path = ''
as $$
declare
    message media.message;
begin
    perform media.check_queue(queue);
    message := media.read_message(queue, seconds);
    return case when message.id is not null then jsonb_build_object(
        'id', message.id, 'body', coalesce(message.body ->> 'body', message.body::text), 'reads', message.reads) end;
end;
$$;

-- Show a message again after `seconds`, null to archive it. Returns whether the lease was held.
create function public.settle_queue_message_v1(queue text, message_id bigint, reads integer, seconds integer default null)
returns boolean
language plpgsql security definer set search_path = ''
as $$
declare
    is_held boolean;
begin
    execute format('select true from pgmq.%I where msg_id = $1 and read_ct = $2 for update', media.check_queue(queue))
    into is_held using message_id, reads;
    if is_held and seconds is null then
        perform pgmq.archive(queue, message_id);
    elsif is_held then
        perform pgmq.set_vt(queue, message_id, seconds);
    end if;
    return coalesce(is_held, false);
end;
$$;

create function public.measure_queue_v1(queue text) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
    measured jsonb;
begin
    execute format(
        'select jsonb_build_object(''waiting'', count(*) filter (where vt <= clock_timestamp()),'
        ' ''in_flight'', count(*) filter (where vt > clock_timestamp()), ''oldest_seconds'', coalesce(extract(epoch from'
        ' clock_timestamp() - min(enqueued_at) filter (where vt <= clock_timestamp())), 0)) from pgmq.%I',
        media.check_queue(queue)) into measured;
    return measured;
end;
$$;

create function public.peek_queue_v1(queue text, first integer, last integer) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
    bodies jsonb;
begin
    execute format(
        'select coalesce(jsonb_agg(coalesce(to_jsonb(message ->> ''body''), message) order by place), ''[]'') from ('
        ' select message, row_number() over (order by coalesce((message ->> ''priority'')::integer, 0) desc,'
        ' coalesce((message ->> ''rank'')::double precision, 0), msg_id) - 1 as place, count(*) over () as total'
        ' from pgmq.%I where vt <= clock_timestamp()) m where place between'
        ' case when $1 < 0 then total + $1 else $1 end and case when $2 < 0 then total + $2 else $2 end',
        media.check_queue(queue)) into bodies using first, last;
    return bodies;
end;
$$;

-- Remove waiting messages that are no jobs; jobs are cancelled by their rows.
create function public.purge_queue_v1(queue text) returns integer
language plpgsql security definer set search_path = ''
as $$
declare
    removed integer;
begin
    execute format('delete from pgmq.%I where vt <= clock_timestamp() and message ->> ''job_id'' is null', media.check_queue(queue));
    get diagnostics removed = row_count;
    return removed;
end;
$$;

comment on function public.send_queue_message_v1(text, text, text, integer) is 'Append a message and return its id.';
comment on function public.read_queue_message_v1(text, integer) is 'Hide the next message for some seconds and return {id, body, reads}; null if none waits.';
comment on function public.settle_queue_message_v1(text, bigint, integer, integer) is 'Show a message again after some seconds, or archive it. Returns false if the lease was lost.';
comment on function public.measure_queue_v1(text) is '{waiting, in_flight, oldest_seconds} of a queue.';
comment on function public.peek_queue_v1(text, integer, integer) is 'Return the bodies of waiting messages in order; first and last as LRANGE takes them.';
comment on function public.purge_queue_v1(text) is 'Remove waiting messages that are no jobs and return their number.';

grant execute on function media.check_queue to service_role;
revoke execute on function
    public.send_queue_message_v1, public.read_queue_message_v1, public.settle_queue_message_v1, public.measure_queue_v1,
    public.peek_queue_v1, public.purge_queue_v1 from public, anon, authenticated;
grant execute on function
    public.send_queue_message_v1, public.read_queue_message_v1, public.settle_queue_message_v1, public.measure_queue_v1,
    public.peek_queue_v1, public.purge_queue_v1 to service_role;
