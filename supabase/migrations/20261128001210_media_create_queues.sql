-- Create the queues of workers: pgmq's, read in the order of priority, then fairly between users.

-- Fair queuing: a message's rank is one more than its user's last one, and at least that of the message that is next.
-- A user's thousandth job thus waits for its turn among their own, not before another user's first.

create table media.queues (
    queue_name text primary key check (queue_name ~ '^[a-z][a-z0-9_]{0,40}$'),
    worker_type text not null,
    visibility_seconds integer not null check (visibility_seconds > 0)
);
insert into media.queues values ('sdxl_queue', 'sdxl', 300), ('wan_queue', 'wan', 1800);

create table media.fair_shares (
    queue_name text not null references media.queues (queue_name) on delete cascade,
    owner text not null,
    last_rank double precision not null,
    primary key (queue_name, owner)
);
comment on table media.fair_shares is 'The rank of the last message of a user, or of another group of messages.';

-- Messages for a queue outside of Postgres, until they are there.
create table media.outbox (
    id bigint generated always as identity primary key,
    job_id uuid not null unique references public.jobs (id) on delete cascade,
    queue_name text not null,
    created_at timestamptz not null default clock_timestamp()
);
grant select, insert, update, delete on media.queues, media.fair_shares, media.outbox to service_role;

alter table public.jobs add column request_digest text, add foreign key (queue_name) references media.queues (queue_name);
comment on column public.jobs.request_digest is 'A hash of the request: an idempotency key belongs to one request.';
create index jobs_queued_by_user_idx on public.jobs (user_id) where status = 'queued';
create index jobs_queue_name_idx on public.jobs (queue_name, completed_at desc);

do $$
declare
    name text;
begin
    for name in select queue_name from media.queues loop
        if not exists (select from pgmq.meta m where m.queue_name = name) then
            perform pgmq.create(name);
        end if;
        execute format('alter table pgmq.%I enable row level security', 'q_' || name);
        execute format('alter table pgmq.%I enable row level security', 'a_' || name);
        execute format(
            'create index %I on pgmq.%I (coalesce((message ->> ''priority'')::integer, 0) desc,'
            ' coalesce((message ->> ''rank'')::double precision, 0), msg_id)', name || '_order_idx', 'q_' || name);
    end loop;
end $$;

create function media.next_rank(queue text, owner text) returns double precision
language plpgsql security definer set search_path = ''
as $$
declare
    least_rank double precision;
    rank double precision;
begin
    execute format(
        'select coalesce((message ->> ''rank'')::double precision, 0) from pgmq.%I where vt <= clock_timestamp()'
        ' order by coalesce((message ->> ''priority'')::integer, 0) desc,'
        ' coalesce((message ->> ''rank'')::double precision, 0), msg_id limit 1', 'q_' || queue)
    into least_rank;
    if owner = '' then
        return coalesce(least_rank, 0);
    end if;
    insert into media.fair_shares as f (queue_name, owner, last_rank)
    values (queue, next_rank.owner, coalesce(least_rank, 0))
    on conflict on constraint fair_shares_pkey do update
        set last_rank = greatest(f.last_rank + 1, coalesce(least_rank, 0))
    returning f.last_rank into rank;
    return rank;
end;
$$;

create type media.message as (id bigint, body jsonb, reads integer);

create function media.read_message(queue text, seconds integer) returns media.message
language plpgsql security definer set search_path = ''
as $$
declare
    found_message media.message;
begin
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

-- Put a job into its queue, or into the outbox of an external one.
create function media.send_job(job public.jobs) returns bigint
language plpgsql security definer set search_path = ''
as $$
declare
    sent bigint;
begin
    if job.transport = 'external' then
        insert into media.outbox (job_id, queue_name) values (job.id, job.queue_name) on conflict do nothing;
    elsif job.transport = 'pgmq' then
        select pgmq.send(job.queue_name, job.payload || jsonb_build_object(
            'priority', job.priority, 'rank', media.next_rank(job.queue_name, job.user_id::text))) into sent;
    end if;
    return sent;
end;
$$;

-- Show the message again after `seconds`; send it again if it is gone.
create function media.resend_job(job public.jobs, seconds integer default 0) returns bigint
language plpgsql security definer set search_path = ''
as $$
begin
    if job.transport = 'pgmq' and (select m.msg_id from pgmq.set_vt(job.queue_name, job.message_id, seconds) m) is not null then
        return job.message_id;
    end if;
    return media.send_job(job);
end;
$$;

comment on function media.next_rank(text, text) is 'Return the rank of the next message of a user or another group.';
comment on function media.read_message(text, integer) is 'Hide the next message for some seconds and return it; nulls if there is none.';

revoke execute on function media.next_rank, media.read_message, media.send_job, media.resend_job from public;
grant execute on function media.next_rank, media.read_message, media.send_job, media.resend_job to service_role;
