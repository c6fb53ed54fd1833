-- Create the runs of the chat backend: one per input message, leased by the instance that works on it.

create schema chat;
revoke all on schema chat from public;

create table chat.runs (
    session_id text not null references public.chat_sessions (session_id) on delete cascade,
    msg_id text not null,
    output_id text not null,
    message jsonb not null,
    state text not null default 'waiting' check (state in ('waiting', 'running', 'finished')),
    stages jsonb not null default '{}',
    attempts integer not null default 0,
    worker text,
    lease_expires_at timestamptz,
    created_at timestamptz not null default clock_timestamp(),
    position bigint generated always as identity,
    primary key (session_id, msg_id),
    check (state <> 'running' or lease_expires_at is not null)
);

create index runs_unfinished_idx on chat.runs (position) where state <> 'finished';

-- Messages between instances that are longer than a notification may be.
create unlogged table chat.notifications (
    id bigint generated always as identity primary key,
    payload bytea not null,
    created_at timestamptz not null default now()
);

comment on table chat.runs is 'The work for one input message.';
comment on column chat.runs.msg_id is 'The input message.';
comment on column chat.runs.output_id is 'The output message, which each stage updates.';
comment on column chat.runs.stages is 'Results of finished stages; a run that was interrupted continues after them.';
comment on column chat.runs.lease_expires_at is 'After it, another instance may take the run.';
