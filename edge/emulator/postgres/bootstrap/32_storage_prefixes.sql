-- What storage had for a while in 2025: schemas pulled then name it. No trigger here maintains it.
-- Follows supabase/storage's migrations 26 to 42.

alter table storage.objects add column if not exists level integer;
create or replace function storage.get_level(name text) returns integer
  language sql immutable strict as $$ select array_length(string_to_array(name, '/'), 1) $$;
create or replace function storage.get_prefix(name text) returns text
  language sql immutable strict as $$
  select case when strpos(name, '/') > 0 then regexp_replace(name, '[\/]{1}[^\/]+\/?$', '')
    else '' end
$$;
create or replace function storage.get_prefixes(name text) returns text[]
  language sql immutable strict as $$
  select coalesce(array_agg(array_to_string(parts[1:depth], '/') order by depth), '{}')
  from string_to_array(name, '/') as parts, generate_series(1, array_length(parts, 1) - 1) as depth
$$;

create table if not exists storage.prefixes (
  bucket_id text not null constraint "prefixes_bucketId_fkey" references storage.buckets (id),
  name text collate "C" not null,
  level integer not null default 1,  -- computed there; but pulled schemas drop get_level before it
  created_at timestamptz default now(),
  updated_at timestamptz default now(),
  primary key (bucket_id, level, name)
);
create or replace function storage.add_prefixes(_bucket_id text, _name text) returns void
  language sql security definer set search_path = '' as $$
  insert into storage.prefixes (bucket_id, name, level)
  select _bucket_id, prefix, storage.get_level(prefix)
  from unnest(storage.get_prefixes(_name)) as prefix on conflict do nothing
$$;
-- Whether the prefix is gone: one that something is below stays.
create or replace function storage.delete_prefix(_bucket_id text, _name text) returns boolean
  language plpgsql security definer set search_path = '' as $$
begin
  if exists (select from storage.prefixes p
      where p.bucket_id = _bucket_id and starts_with(p.name, _name || '/'))
    or exists (select from storage.objects o
      where o.bucket_id = _bucket_id and starts_with(o.name, _name || '/')) then
    return false;
  end if;
  delete from storage.prefixes p where p.bucket_id = _bucket_id and p.name = _name;
  return true;
end $$;
create or replace function storage.delete_leaf_prefixes(bucket_ids text[], names text[])
  returns void language plpgsql security definer set search_path = '' as $$
declare
  above record;
begin
  for above in
    select distinct t.bucket_id, prefix
    from unnest(bucket_ids, names) as t(bucket_id, name), unnest(storage.get_prefixes(t.name)) prefix
    order by prefix desc
  loop
    perform storage.delete_prefix(above.bucket_id, above.prefix);
  end loop;
end $$;
create or replace function storage.lock_top_prefixes(bucket_ids text[], names text[])
  returns void language plpgsql security definer set search_path = '' as $$
declare
  top text;
begin
  for top in
    select distinct t.bucket_id || '/' || split_part(t.name, '/', 1)
    from unnest(bucket_ids, names) as t(bucket_id, name) order by 1
  loop
    perform pg_advisory_xact_lock(hashtextextended(top, 0));
  end loop;
end $$;
do $do$
declare
  name text;
begin
  foreach name in array array['search_legacy_v1', 'search_v1_optimised'] loop
    execute format($create$
      create or replace function storage.%I(
        prefix text, bucketname text, limits integer default 100, levels integer default 1,
        offsets integer default 0, search text default '', sortcolumn text default 'name',
        sortorder text default 'asc'
      ) returns table (
        name text, id uuid, updated_at timestamptz, created_at timestamptz,
        last_accessed_at timestamptz, metadata jsonb
      ) language sql stable as 'select * from storage.search($1, $2, $3, $4, $5, $6, $7, $8)'
    $create$, name);
  end loop;
end $do$;
do $do$
declare
  name text;
begin
  foreach name in array array['delete_prefix_hierarchy_trigger', 'objects_insert_prefix_trigger',
    'objects_update_prefix_trigger', 'objects_update_level_trigger', 'prefixes_insert_trigger',
    'objects_delete_cleanup', 'objects_update_cleanup', 'prefixes_delete_cleanup']
  loop
    execute format('create or replace function storage.%I() returns trigger language plpgsql as'
      ' $$begin return coalesce(new, old); end$$', name);
  end loop;
end $do$;

