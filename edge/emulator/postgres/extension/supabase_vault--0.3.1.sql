-- Vault's table, view and functions. Secrets are stored in base64, not encrypted.

create table vault.secrets (
  id uuid primary key default gen_random_uuid(),
  name text,
  description text not null default '',
  secret text not null,
  key_id uuid,
  nonce bytea default uuid_send(gen_random_uuid()),
  created_at timestamptz not null default current_timestamp,
  updated_at timestamptz not null default current_timestamp
);
comment on table vault.secrets is 'Table with encrypted `secret` column for storing sensitive information on disk.';
create unique index on vault.secrets (name) where name is not null;

create function vault._encode(secret text) returns text language sql immutable strict as $$
  select translate(encode(convert_to(secret, 'UTF8'), 'base64'), E'\n', '')
$$;
-- What a person inserted without create_secret() is not base64, and is returned as it is.
create function vault._decode(secret text) returns text language plpgsql immutable strict as $$
begin
  return convert_from(decode(secret, 'base64'), 'UTF8');
exception when others then
  return secret;
end $$;

create view vault.decrypted_secrets as
  select id, name, description, secret, vault._decode(secret) as decrypted_secret, key_id, nonce,
    created_at, updated_at
  from vault.secrets;

create function vault.create_secret(
  new_secret text, new_name text default null, new_description text default '',
  new_key_id uuid default null
) returns uuid language sql security definer set search_path = '' as $$
  insert into vault.secrets (secret, name, description)
  values (vault._encode(new_secret), new_name, coalesce(new_description, ''))
  returning id
$$;

create function vault.update_secret(
  secret_id uuid, new_secret text default null, new_name text default null,
  new_description text default null, new_key_id uuid default null
) returns void language sql security definer set search_path = '' as $$
  update vault.secrets
  set secret = coalesce(vault._encode(new_secret), secret), name = coalesce(new_name, name),
    description = coalesce(new_description, description), updated_at = now()
  where id = secret_id
$$;

revoke all on function vault.create_secret, vault.update_secret, vault._encode, vault._decode
  from public;
grant usage on schema vault to postgres with grant option;
grant select, delete, insert, update, references, truncate on vault.secrets, vault.decrypted_secrets
  to postgres with grant option;
grant execute on function vault.create_secret, vault.update_secret, vault._encode, vault._decode
  to postgres with grant option;
grant usage on schema vault to service_role;
grant select, delete on vault.secrets, vault.decrypted_secrets to service_role;
grant execute on function vault.create_secret, vault.update_secret, vault._encode, vault._decode
  to service_role;
select pg_catalog.pg_extension_config_dump('vault.secrets', '');
