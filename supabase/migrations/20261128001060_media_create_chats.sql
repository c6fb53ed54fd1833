-- Create characters, chats and their messages.

create table public.characters (
    id uuid primary key default gen_random_uuid(),
    user_id uuid default auth.uid() references auth.users (id) on delete cascade,
    name text not null check (name <> ''),
    description text not null default '',
    content_rating text not null default 'sfw' check (content_rating in ('sfw', 'nsfw')),
    is_public boolean not null default true,
    image_url text,
    appearance_tags text[] not null default '{}',
    traits text,
    persona text,
    background text,
    speaking_style text,
    goals text,
    quirks text,
    relationships text,
    voice_tone text,
    mood text,
    interaction_count integer not null default 0 check (interaction_count >= 0),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index characters_user_id_idx on public.characters (user_id);
comment on table public.characters is 'A character to chat with; user_id is null for those that come with the system.';

create table public.conversations (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null default auth.uid() references auth.users (id) on delete cascade,
    project_id uuid references public.projects (id) on delete set null,
    character_id uuid references public.characters (id) on delete set null,
    user_character_id uuid references public.characters (id) on delete set null,
    title text not null default 'New Conversation',
    conversation_type text not null default 'general',
    status text not null default 'active',
    memory_tier text not null default 'conversation',
    memory_data jsonb not null default '{}',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index conversations_user_id_idx on public.conversations (user_id, updated_at desc);
create index conversations_project_idx on public.conversations (project_id);
create index conversations_character_idx on public.conversations (character_id);
create index conversations_user_character_idx on public.conversations (user_character_id);
comment on table public.conversations is 'A user''s chat, perhaps with a character.';

create table public.messages (
    id uuid primary key default gen_random_uuid(),
    conversation_id uuid not null references public.conversations (id) on delete cascade,
    sender text not null check (sender in ('user', 'assistant')),
    content text not null,
    message_type text not null default 'text',
    metadata jsonb not null default '{}',
    created_at timestamptz not null default clock_timestamp()
);
create index messages_conversation_idx on public.messages (conversation_id, created_at);
comment on table public.messages is 'One message of a chat.';

create trigger set_updated_at before update on public.characters
    for each row execute function media.set_updated_at();
create trigger set_updated_at before update on public.conversations
    for each row execute function media.set_updated_at();
