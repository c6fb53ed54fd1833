-- Create the workspace, where finished media wait for a week, and the library, where they stay.

create table public.workspace_assets (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references auth.users (id) on delete cascade,
    job_id uuid not null references public.jobs (id) on delete cascade,
    asset_type text not null check (asset_type in ('image', 'video')),
    temp_storage_path text not null unique,
    thumbnail_path text,
    file_size_bytes bigint not null check (file_size_bytes >= 0),
    mime_type text not null,
    duration_seconds numeric(10, 3) check (duration_seconds > 0),
    asset_index integer not null default 0 check (asset_index >= 0),
    generation_seed bigint not null,
    original_prompt text not null,
    model_used text not null,
    generation_settings jsonb not null default '{}',
    width integer check (width > 0),
    height integer check (height > 0),
    created_at timestamptz not null default now(),
    expires_at timestamptz not null default now() + interval '7 days',
    unique (job_id, asset_index),
    check (starts_with(temp_storage_path, user_id || '/')),
    check (starts_with(thumbnail_path, user_id || '/')),
    -- An animated WebP is a video of type image/webp.
    check (split_part(mime_type, '/', 1) = asset_type or (asset_type = 'video' and mime_type = 'image/webp'))
);
create index workspace_assets_user_id_idx on public.workspace_assets (user_id, created_at desc);
create index workspace_assets_expires_idx on public.workspace_assets (expires_at);

comment on table public.workspace_assets is 'A drawn file in bucket workspace-temp; deleted with its files after expires_at.';

create table public.user_collections (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null default auth.uid() references auth.users (id) on delete cascade,
    name text not null check (name <> ''),
    description text,
    asset_count integer not null default 0 check (asset_count >= 0),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    unique (id, user_id)
);
create index user_collections_user_id_idx on public.user_collections (user_id);
comment on table public.user_collections is 'A named part of a user''s library.';

create table public.user_library (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references auth.users (id) on delete cascade,
    source_asset_id uuid,
    asset_type text not null check (asset_type in ('image', 'video')),
    storage_path text not null unique,
    thumbnail_path text,
    file_size_bytes bigint not null check (file_size_bytes >= 0),
    mime_type text not null,
    duration_seconds numeric(10, 3) check (duration_seconds > 0),
    original_prompt text not null,
    model_used text not null,
    generation_seed bigint,
    collection_id uuid,
    custom_title text,
    tags text[] not null default '{}',
    is_favorite boolean not null default false,
    visibility text not null default 'private' check (visibility in ('private', 'unlisted', 'public')),
    width integer check (width > 0),
    height integer check (height > 0),
    content_category text not null default 'general',
    roleplay_metadata jsonb,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    unique (user_id, source_asset_id),
    foreign key (collection_id, user_id) references public.user_collections (id, user_id) on delete set null (collection_id),
    check (starts_with(storage_path, user_id || '/')),
    check (starts_with(thumbnail_path, user_id || '/')),
    check (split_part(mime_type, '/', 1) = asset_type or (asset_type = 'video' and mime_type = 'image/webp'))
);
create index user_library_user_id_idx on public.user_library (user_id, created_at desc);
create index user_library_collection_idx on public.user_library (collection_id);

comment on table public.user_library is 'A saved file in bucket user-library.';
comment on column public.user_library.source_asset_id is 'The workspace asset that it was saved from: saving it twice makes one row.';

create trigger set_updated_at before update on public.user_collections
    for each row execute function media.set_updated_at();
create trigger set_updated_at before update on public.user_library
    for each row execute function media.set_updated_at();

create function media.count_collection_assets() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
    update public.user_collections c
    set asset_count = (select count(*) from public.user_library l where l.collection_id = c.id)
    where c.id in (case when tg_op <> 'INSERT' then old.collection_id end, case when tg_op <> 'DELETE' then new.collection_id end);
    return null;
end;
$$;
create trigger count_collection_assets after insert or delete or update of collection_id on public.user_library
    for each row execute function media.count_collection_assets();
