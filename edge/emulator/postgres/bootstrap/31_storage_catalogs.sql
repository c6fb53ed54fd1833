-- Buckets for analytics and vectors, which the local stack keeps empty, and listing of the others.
-- Follows supabase/storage's migrations.

create table if not exists storage.buckets_analytics (
  id uuid not null default gen_random_uuid() primary key,
  name text not null,
  type storage.buckettype not null default 'ANALYTICS',
  format text not null default 'ICEBERG',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz
);
create unique index if not exists buckets_analytics_unique_name_idx
  on storage.buckets_analytics (name) where deleted_at is null;
-- The second foreign keys have the names of 2025, which schemas pulled then drop.
create table if not exists storage.iceberg_namespaces (
  id uuid primary key default gen_random_uuid(),
  bucket_name text not null,
  name text collate "C" not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  metadata jsonb not null default '{}',
  catalog_id uuid not null references storage.buckets_analytics (id) on delete cascade
    constraint iceberg_namespaces_bucket_id_fkey references storage.buckets_analytics (id)
    on delete cascade
);
create unique index if not exists idx_iceberg_namespaces_bucket_id
  on storage.iceberg_namespaces (catalog_id, name);
create table if not exists storage.iceberg_tables (
  id uuid primary key default gen_random_uuid(),
  namespace_id uuid not null references storage.iceberg_namespaces (id) on delete cascade,
  bucket_name text not null,
  name text collate "C" not null,
  location text not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  remote_table_id text,
  shard_key text,
  shard_id text,
  catalog_id uuid not null references storage.buckets_analytics (id) on delete cascade
    constraint iceberg_tables_bucket_id_fkey references storage.buckets_analytics (id)
    on delete cascade
);
create unique index if not exists idx_iceberg_tables_namespace_id
  on storage.iceberg_tables (catalog_id, namespace_id, name);
create unique index if not exists idx_iceberg_tables_location on storage.iceberg_tables (location);

create table if not exists storage.buckets_vectors (
  id text not null primary key,
  type storage.buckettype not null default 'VECTOR',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create table if not exists storage.vector_indexes (
  id text primary key default gen_random_uuid(),
  name text collate "C" not null,
  bucket_id text not null references storage.buckets_vectors (id),
  data_type text not null,
  dimension integer not null,
  distance_metric text not null,
  metadata_configuration jsonb,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create unique index if not exists vector_indexes_name_bucket_id_idx
  on storage.vector_indexes (name, bucket_id);

-- Times in milliseconds, as the pages' cursors have them; a folder is as old as its oldest object.
create or replace function storage.search_by_timestamp(
  p_prefix text, p_bucket_id text, p_limit integer, p_level integer, p_start_after text,
  p_sort_order text, p_sort_column text, p_sort_column_after text
) returns table (
  key text, name text, id uuid, updated_at timestamptz, created_at timestamptz,
  last_accessed_at timestamptz, metadata jsonb
) language plpgsql stable as $$
declare
  is_descending boolean := p_sort_order <> 'asc';
begin
  return query execute format($query$
    with found as (
      select o.*, rtrim(storage.get_common_prefix(o.name, $1, '/'), '/') as folder
      from storage.objects o where o.bucket_id = $2 and starts_with(o.name, $1)
    ), listed as (
      select f.name, f.id, f.updated_at, f.created_at, f.last_accessed_at, f.metadata
      from found f where folder is null
      union all
      select folder, null, min(f.created_at), min(f.created_at), null, null
      from found f where folder is not null group by folder
    )
    select split_part(l.name, '/', $3), l.*
    from listed l, date_trunc('milliseconds', coalesce(l.%1$I, 'epoch')) as moment
    where $5 = '' or (moment, l.name collate "C")
      %2$s (coalesce(nullif($6, '')::timestamptz, 'epoch'), $5)
    order by moment %3$s, l.name collate "C" %3$s limit $4
  $query$, p_sort_column, case when is_descending then '<' else '>' end,
    case when is_descending then 'desc' else 'asc' end)
  using coalesce(p_prefix, ''), p_bucket_id, p_level, p_limit, coalesce(p_start_after, ''),
    p_sort_column_after;
end $$;

create or replace function storage.search_v2(
  prefix text, bucket_name text, limits integer default 100, levels integer default 1,
  start_after text default '', sort_order text default 'asc', sort_column text default 'name',
  sort_column_after text default ''
) returns table (
  key text, name text, id uuid, updated_at timestamptz, created_at timestamptz,
  last_accessed_at timestamptz, metadata jsonb
) language plpgsql stable as $$
declare
  most integer := least(coalesce(limits, 100), 1500);
  direction text := case when lower(sort_order) = 'desc' then 'desc' else 'asc' end;
begin
  if lower(sort_column) in ('updated_at', 'created_at') then
    return query select * from storage.search_by_timestamp(prefix, bucket_name, most, levels,
      start_after, direction, lower(sort_column), sort_column_after);
  else
    return query select split_part(l.name, '/', levels), l.name, l.id, l.updated_at, l.created_at,
        l.last_accessed_at, l.metadata
      from storage.list_objects_with_delimiter(
        bucket_name, coalesce(prefix, ''), '/', most, start_after, '', direction) l;
  end if;
end $$;

create or replace function storage.list_multipart_uploads_with_delimiter(
  bucket_id text, prefix_param text, delimiter_param text, max_keys integer default 100,
  next_key_token text default '', next_upload_token text default ''
) returns table (key text, id text, created_at timestamptz) language sql stable as $$
  select distinct on (listed.name collate "C") listed.name, listed.id, listed.created_at
  from (
    select coalesce(storage.get_common_prefix(u.key, $2, $3), u.key) as name, u.id, u.created_at
    from storage.s3_multipart_uploads u
    where u.bucket_id = $1 and starts_with(lower(u.key), lower($2))
      and ($6 = '' or u.id collate "C" > $6)
  ) as listed
  where $6 <> '' or $5 = '' or listed.name collate "C" > $5
  order by listed.name collate "C", listed.created_at limit $4
$$;
