-- Create the tables of the chat backend: collections of the media library, sessions, messages, context.

create table public.collections (
    id text primary key default gen_random_uuid()::text check (length(id) between 1 and 256),
    owner_id uuid default auth.uid() references auth.users (id) on delete cascade,
    name text not null check (btrim(name) <> '' and length(name) <= 256),
    description text not null default '' check (length(description) <= 4096),
    created_at timestamptz not null default now()
);

create index collections_owner_id_idx on public.collections (owner_id);

create table public.chat_sessions (
    session_id text primary key check (session_id ~ '^[A-Za-z0-9_.:-]{1,64}$'),
    owner_id uuid default auth.uid() references auth.users (id) on delete cascade,
    video_id text,
    collection_id text,
    metadata jsonb not null default '{}',
    created_at timestamptz not null default clock_timestamp(),
    updated_at timestamptz not null default clock_timestamp()
);

create index chat_sessions_newest_idx on public.chat_sessions (owner_id, created_at desc);

create table public.chat_messages (
    session_id text not null references public.chat_sessions (session_id) on delete cascade,
    msg_id text not null check (length(msg_id) between 1 and 64),
    conv_id text not null check (length(conv_id) between 1 and 64),
    msg_type text not null check (msg_type in ('input', 'output')),
    status text not null
        check (status in ('progress', 'success', 'error', 'not_generated', 'overlimit', 'sessionlimit')),
    message jsonb not null check (jsonb_typeof(message) = 'object'),
    position bigint generated always as identity,
    created_at timestamptz not null default clock_timestamp(),
    updated_at timestamptz not null default clock_timestamp(),
    primary key (session_id, msg_id)
);

create index chat_messages_order_idx on public.chat_messages (session_id, position);

create table public.chat_context (
    session_id text primary key references public.chat_sessions (session_id) on delete cascade,
    context jsonb not null default '{}',
    updated_at timestamptz not null default clock_timestamp()
);

comment on table public.collections is 'A group of recorded conversations; videos.collection_id names it.';
comment on table public.chat_sessions is 'A conversation with the chat backend.';
comment on column public.chat_sessions.owner_id is 'The user who may see the session; null without sign-in.';
comment on column public.chat_sessions.metadata is 'title, and whatever a client stored.';
comment on table public.chat_messages is 'Messages of a session: inputs and outputs, each as it was sent last.';
comment on column public.chat_messages.message is 'The whole message as clients get it.';
comment on column public.chat_messages.position is 'The order in which messages were first stored.';
comment on table public.chat_context is 'What agents remember of a session.';
