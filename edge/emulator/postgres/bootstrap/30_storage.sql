-- The tables and functions of schema storage. Follows supabase/storage's migrations.

do $$
begin
  if to_regtype('storage.buckettype') is null then
    create type storage.buckettype as enum ('STANDARD', 'ANALYTICS', 'VECTOR');
    alter type storage.buckettype owner to supabase_storage_admin;
  end if;
end $$;

create table if not exists storage.migrations (
  id integer primary key,
  name varchar(100) not null unique,
  hash varchar(40) not null,
  executed_at timestamp default current_timestamp
);
create table if not exists storage.buckets (
  id text not null primary key,
  name text not null,
  owner uuid,
  created_at timestamptz default now(),
  updated_at timestamptz default now(),
  public boolean default false,
  avif_autodetection boolean default false,
  file_size_limit bigint,
  allowed_mime_types text[],
  owner_id text,
  type storage.buckettype not null default 'STANDARD',
  versioning_status text not null default 'DISABLED'
);
create unique index if not exists bname on storage.buckets (name);
comment on column storage.buckets.owner is 'Field is deprecated, use owner_id instead';

create table if not exists storage.objects (
  id uuid not null default gen_random_uuid() primary key,
  bucket_id text constraint "objects_bucketId_fkey" references storage.buckets (id),
  name text,
  owner uuid,
  created_at timestamptz default now(),
  updated_at timestamptz default now(),
  last_accessed_at timestamptz default now(),
  metadata jsonb,
  path_tokens text[] generated always as (string_to_array(name, '/')) stored,
  version text,
  owner_id text,
  user_metadata jsonb
);
alter table storage.objects add column if not exists archived_at timestamptz,
  add column if not exists is_delete_marker boolean not null default false,
  add column if not exists is_versioned boolean not null default false;
create unique index if not exists bucketid_objname on storage.objects (bucket_id, name);
create index if not exists idx_objects_bucket_id_name
  on storage.objects (bucket_id, name collate "C");
create index if not exists idx_objects_bucket_id_name_lower
  on storage.objects (bucket_id, lower(name) collate "C");
create index if not exists name_prefix_search on storage.objects (name text_pattern_ops);
comment on column storage.objects.owner is 'Field is deprecated, use owner_id instead';

create table if not exists storage.s3_multipart_uploads (
  id text primary key,
  in_progress_size bigint not null default 0,
  upload_signature text not null,
  bucket_id text not null references storage.buckets (id),
  key text collate "C" not null,
  version text not null,
  owner_id text,
  created_at timestamptz not null default now(),
  user_metadata jsonb,
  metadata jsonb
);
create index if not exists idx_multipart_uploads_list
  on storage.s3_multipart_uploads (bucket_id, key, created_at);
create table if not exists storage.s3_multipart_uploads_parts (
  id uuid primary key default gen_random_uuid(),
  upload_id text not null references storage.s3_multipart_uploads (id) on delete cascade,
  size bigint not null default 0,
  part_number integer not null,
  bucket_id text not null references storage.buckets (id),
  key text collate "C" not null,
  etag text not null,
  owner_id text,
  version text not null,
  created_at timestamptz not null default now()
);
create or replace function storage.foldername(name text) returns text[]
  language plpgsql immutable as $$
declare
  parts text[] := string_to_array(name, '/');
begin
  return parts[1 : array_length(parts, 1) - 1];
end $$;
create or replace function storage.filename(name text) returns text
  language plpgsql immutable as $$
declare
  parts text[] := string_to_array(name, '/');
begin
  return parts[array_length(parts, 1)];
end $$;
create or replace function storage.extension(name text) returns text
  language plpgsql immutable as $$
begin
  return reverse(split_part(reverse(storage.filename(name)), '.', 1));
end $$;
create or replace function storage.operation() returns text language plpgsql stable as $$
begin
  return current_setting('storage.operation', true);
end $$;
create or replace function storage.allow_only_operation(expected_operation text) returns boolean
  language sql stable as $$
  select case when coalesce(current_setting('storage.operation', true), '') = '' then false
    else regexp_replace(current_setting('storage.operation', true), '^storage\.', '')
      = regexp_replace(expected_operation, '^storage\.', '') end
$$;
create or replace function storage.allow_any_operation(expected_operations text[]) returns boolean
  language sql stable as $$
  select coalesce(bool_or(storage.allow_only_operation(operation)), false)
  from unnest(expected_operations) as operation
$$;
create or replace function storage.can_insert_object(
  bucketid text, name text, owner uuid, metadata jsonb
) returns void language plpgsql as $$
begin
  insert into storage.objects (bucket_id, name, owner, metadata)
  values (bucketid, name, owner, metadata);
  raise sqlstate 'PT200' using message = 'ROLLBACK', detail = 'rollback successful insert';
end $$;
create or replace function storage.get_common_prefix(p_key text, p_prefix text, p_delimiter text)
  returns text language sql immutable as $$
  select case when position(p_delimiter in substring(p_key from length(p_prefix) + 1)) > 0
    then left(p_key, length(p_prefix)
      + position(p_delimiter in substring(p_key from length(p_prefix) + 1))) end
$$;
create or replace function storage.get_size_by_bucket()
  returns table (size bigint, bucket_id text) language plpgsql stable as $$
begin
  return query select sum((obj.metadata ->> 'size')::bigint)::bigint as size, obj.bucket_id
    from storage.objects as obj group by obj.bucket_id;
end $$;

-- Names and folders below a prefix; a folder is a row without id.
create or replace function storage.search(
  prefix text, bucketname text, limits integer default 100, levels integer default 1,
  offsets integer default 0, search text default '', sortcolumn text default 'name',
  sortorder text default 'asc'
) returns table (
  name text, id uuid, updated_at timestamptz, created_at timestamptz,
  last_accessed_at timestamptz, metadata jsonb
) language plpgsql stable as $$
declare
  sort_column text := case when lower(sortcolumn) in
    ('name', 'updated_at', 'created_at', 'last_accessed_at') then lower(sortcolumn) else 'name' end;
  sort_order text := case when lower(sortorder) = 'desc' then 'desc' else 'asc' end;
begin
  return query execute format($query$
    with found as (
      select o.*, storage.get_common_prefix(o.name, $1, '/') as folder
      from storage.objects o
      where o.bucket_id = $2 and starts_with(lower(o.name), lower($1 || $5))
    ), listed as (
      select split_part(rtrim(folder, '/'), '/', $3) as name, null::uuid as id,
        null::timestamptz as updated_at, null::timestamptz as created_at,
        null::timestamptz as last_accessed_at, null::jsonb as metadata
      from found where folder is not null group by folder
      union all
      select split_part(f.name, '/', $3), f.id, f.updated_at, f.created_at, f.last_accessed_at,
        f.metadata
      from found f where folder is null
    )
    select listed.name, listed.id, listed.updated_at, listed.created_at, listed.last_accessed_at,
      listed.metadata
    from listed order by %1$s %2$s nulls first, name collate "C" %2$s limit $4 offset $6
  $query$, 'listed.' || quote_ident(sort_column)
      || case when sort_column = 'name' then ' collate "C"' else '' end, sort_order)
  using coalesce(prefix, ''), bucketname, levels, least(limits, 1500), coalesce(search, ''), offsets;
end $$;

create or replace function storage.list_objects_with_delimiter(
  _bucket_id text, prefix_param text, delimiter_param text, max_keys integer default 100,
  start_after text default '', next_token text default '', sort_order text default 'asc'
) returns table (
  name text, id uuid, metadata jsonb, updated_at timestamptz, created_at timestamptz,
  last_accessed_at timestamptz
) language plpgsql stable as $$
begin
  return query execute format($query$
    select * from (
      select coalesce(folder, o.name) as name, case when folder is null then o.id end as id,
        case when folder is null then o.metadata end as metadata,
        case when folder is null then o.updated_at end as updated_at,
        case when folder is null then o.created_at end as created_at,
        case when folder is null then o.last_accessed_at end as last_accessed_at
      from (
        select distinct on (coalesce(storage.get_common_prefix(e.name, $1, $2), e.name) collate "C")
          e.*, storage.get_common_prefix(e.name, $1, $2) as folder
        from storage.objects e
        where e.bucket_id = $3 and starts_with(e.name, $1)
        order by coalesce(storage.get_common_prefix(e.name, $1, $2), e.name) collate "C"
      ) o
    ) listed
    where greatest($4, $5) = '' or listed.name collate "C" %s greatest($4, $5)
    order by listed.name collate "C" %s limit $6
  $query$, case when lower(sort_order) = 'desc' then '<' else '>' end,
    case when lower(sort_order) = 'desc' then 'desc' else 'asc' end)
  using prefix_param, delimiter_param, _bucket_id, start_after, next_token, max_keys;
end $$;

create or replace function storage.update_updated_at_column() returns trigger
  language plpgsql as $$
begin
  new.updated_at = now();
  return new;
end $$;
create or replace function storage.enforce_bucket_name_length() returns trigger
  language plpgsql as $$
begin
  if length(new.name) > 100 then
    raise exception 'bucket name "%" is too long (% characters). Max is 100.',
      new.name, length(new.name);
  end if;
  return new;
end $$;
create or replace function storage.protect_delete() returns trigger language plpgsql as $$
begin
  if coalesce(current_setting('storage.allow_delete_query', true), 'false') <> 'true' then
    raise exception 'Direct deletion from storage tables is not allowed. Use the Storage API instead.'
      using errcode = '42501', hint = 'This prevents accidental data loss from orphaned objects.';
  end if;
  return null;
end $$;

create or replace trigger update_objects_updated_at before update on storage.objects
  for each row execute function storage.update_updated_at_column();
create or replace trigger enforce_bucket_name_length_trigger
  before insert or update of name on storage.buckets
  for each row execute function storage.enforce_bucket_name_length();
create or replace trigger protect_objects_delete before delete on storage.objects
  for each statement execute function storage.protect_delete();
create or replace trigger protect_buckets_delete before delete on storage.buckets
  for each statement execute function storage.protect_delete();
