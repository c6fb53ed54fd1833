-- Create keys of workers: each worker has its own, which takes jobs and reports those that it took, and can be revoked.

create table media.worker_keys (
    name text primary key check (name ~ '^[[:graph:]]{1,100}$'),
    key_hash bytea not null unique,
    created_at timestamptz not null default now(),
    last_used_at timestamptz,
    revoked_at timestamptz
);
comment on table media.worker_keys is 'The keys of workers, as SHA-256: nobody can read a key again.';
grant select, insert, update on media.worker_keys to service_role;

create function public.create_worker_key_v1(name text) returns text
language plpgsql set search_path = ''
as $$
declare
    key text := 'wk_' || replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '');
begin
    insert into media.worker_keys as k (name, key_hash)
    values (create_worker_key_v1.name, sha256(convert_to(key, 'UTF8')))
    on conflict on constraint worker_keys_pkey do update
        set key_hash = excluded.key_hash, created_at = now(), last_used_at = null, revoked_at = null;
    return key;
end;
$$;

create function public.revoke_worker_key_v1(name text) returns boolean
language plpgsql set search_path = ''
as $$
begin
    update media.worker_keys k set revoked_at = now()
    where k.name = revoke_worker_key_v1.name and k.revoked_at is null;
    return found;
end;
$$;

create function public.list_worker_keys_v1() returns jsonb
language sql stable set search_path = ''
as $$
    select coalesce(jsonb_agg(jsonb_build_object('name', k.name, 'created_at', k.created_at,
        'last_used_at', k.last_used_at, 'revoked_at', k.revoked_at) order by k.name), '[]')
    from media.worker_keys k
$$;

create function public.find_worker_key_v1(key text) returns text
language plpgsql set search_path = ''
as $$
declare
    found_key media.worker_keys;
begin
    select k.* into found_key from media.worker_keys k
    where k.key_hash = sha256(convert_to(key, 'UTF8')) and k.revoked_at is null;
    update media.worker_keys k set last_used_at = now()
    where k.name = found_key.name and (k.last_used_at is null or k.last_used_at < now() - interval '1 minute');
    return found_key.name;
end;
$$;

comment on function public.create_worker_key_v1(text) is 'Make a key for the worker of that name, in place of its old one, and return it.';
comment on function public.revoke_worker_key_v1(text) is 'Revoke the key of a worker; false if it has none.';
comment on function public.list_worker_keys_v1() is '[{name, created_at, last_used_at, revoked_at}], never the keys.';
comment on function public.find_worker_key_v1(text) is 'Return the name of the worker whose key it is, null if it is none.';

revoke execute on function public.create_worker_key_v1, public.revoke_worker_key_v1, public.list_worker_keys_v1,
    public.find_worker_key_v1 from public, anon, authenticated;
grant execute on function public.create_worker_key_v1, public.revoke_worker_key_v1, public.list_worker_keys_v1,
    public.find_worker_key_v1 to service_role;
