-- Pause queues: nothing is taken from a paused one. Enqueueing goes on, and so do jobs that a worker has.

create table media.queue_pauses (
    queue_name text primary key references media.queues (queue_name) on delete cascade,
    paused_at timestamptz not null default clock_timestamp(),
    paused_by text check (length(paused_by) <= 200),
    resumed_at timestamptz
);
comment on table media.queue_pauses is 'The last pause of a queue; it lasts while resumed_at is null.';
alter table media.queue_pauses enable row level security;
grant select, insert, update, delete on media.queue_pauses to service_role;

create function media.is_paused(queue text) returns boolean
language sql stable security definer set search_path = ''
as $$
    select exists (select from media.queue_pauses p where p.queue_name = queue and p.resumed_at is null);
$$;

-- Every way to take a message of pgmq goes through here.
create or replace function media.read_message(queue text, seconds integer) returns media.message
language plpgsql security definer set search_path = '' set enable_sort = off
as $$
declare
    found_message media.message;
begin
    if media.is_paused(queue) then
        return null;
    end if;
    execute format(
        'with next as (select msg_id from pgmq.%1$I where vt <= clock_timestamp()'
        ' order by coalesce((message ->> ''priority'')::integer, 0) desc,'
        ' coalesce((message ->> ''rank'')::double precision, 0), msg_id limit 1 for update skip locked)'
        ' update pgmq.%1$I m set vt = clock_timestamp() + make_interval(secs => $1), read_ct = m.read_ct + 1'
        ' from next where m.msg_id = next.msg_id returning m.msg_id, m.message, m.read_ct', 'q_' || queue)
    into found_message
    using seconds;
    return found_message;
end;
$$;

create function public.pause_media_queue_v1(queue text, who text default null) returns jsonb
language plpgsql set search_path = ''
as $$
declare
    pause media.queue_pauses;
begin
    perform media.check_queue(queue);
    insert into media.queue_pauses as p (queue_name, paused_by) values (queue, left(who, 200))
    on conflict on constraint queue_pauses_pkey do update
        set paused_at = clock_timestamp(), paused_by = excluded.paused_by, resumed_at = null
        where p.resumed_at is not null;
    select p.* into pause from media.queue_pauses p where p.queue_name = queue;
    return jsonb_build_object('queue', queue, 'paused_at', pause.paused_at, 'paused_by', pause.paused_by);
end;
$$;

create function public.resume_media_queue_v1(queue text) returns jsonb
language plpgsql set search_path = ''
as $$
begin
    perform media.check_queue(queue);
    update media.queue_pauses p set resumed_at = clock_timestamp() where p.queue_name = queue and p.resumed_at is null;
    return jsonb_build_object('queue', queue, 'resumed', found);
end;
$$;

-- For queues outside of Postgres: asked before a message is read there.
create function public.is_media_queue_paused_v1(queue text) returns boolean
language sql stable set search_path = ''
as $$
    select media.is_paused(queue);
$$;

comment on function media.is_paused(text) is 'Return whether nothing is to be taken from a queue.';
comment on function public.pause_media_queue_v1(text, text) is
    'Give workers nothing of a queue until it is resumed: {queue, paused_at, paused_by}, of the earlier pause if it is paused. Raises QUEUE_NOT_FOUND.';
comment on function public.resume_media_queue_v1(text) is
    'Let workers take from a queue again: {queue, resumed}; resumed: it was paused. Raises QUEUE_NOT_FOUND.';
comment on function public.is_media_queue_paused_v1(text) is 'Return whether nothing is to be taken from a queue.';

revoke execute on function media.is_paused from public;
grant execute on function media.is_paused to service_role;
revoke execute on function public.pause_media_queue_v1, public.resume_media_queue_v1, public.is_media_queue_paused_v1
    from public, anon, authenticated;
grant execute on function public.pause_media_queue_v1, public.resume_media_queue_v1, public.is_media_queue_paused_v1
    to service_role;
