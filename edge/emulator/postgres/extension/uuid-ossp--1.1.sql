-- uuid-ossp's functions in SQL.

create function uuid_nil() returns uuid language sql immutable strict parallel safe
  as $$ select '00000000-0000-0000-0000-000000000000'::uuid $$;
create function uuid_ns_dns() returns uuid language sql immutable strict parallel safe
  as $$ select '6ba7b810-9dad-11d1-80b4-00c04fd430c8'::uuid $$;
create function uuid_ns_url() returns uuid language sql immutable strict parallel safe
  as $$ select '6ba7b811-9dad-11d1-80b4-00c04fd430c8'::uuid $$;
create function uuid_ns_oid() returns uuid language sql immutable strict parallel safe
  as $$ select '6ba7b812-9dad-11d1-80b4-00c04fd430c8'::uuid $$;
create function uuid_ns_x500() returns uuid language sql immutable strict parallel safe
  as $$ select '6ba7b814-9dad-11d1-80b4-00c04fd430c8'::uuid $$;

create function uuid_generate_v4() returns uuid language sql volatile strict parallel safe
  as 'select pg_catalog.gen_random_uuid()';

-- The node is random, as uuid_generate_v1mc's is.
create function uuid_generate_v1mc() returns uuid language plpgsql volatile strict parallel safe as $$
declare
  ticks bigint := (extract(epoch from clock_timestamp()) * 10000000)::bigint + 122192928000000000;
  hex text := lpad(to_hex(ticks), 16, '0');
  random text := replace(pg_catalog.gen_random_uuid()::text, '-', '');
begin
  return (substr(hex, 9, 8) || substr(hex, 5, 4) || '1' || substr(hex, 2, 3)
    || substr(random, 17, 4)  -- the variant's bits are where a version 4 has them
    || lpad(to_hex((('x' || substr(random, 1, 2))::bit(8) | b'00000001')::int), 2, '0')
    || substr(random, 3, 10))::uuid;
end $$;
create function uuid_generate_v1() returns uuid language sql volatile strict parallel safe
  as 'select @extschema@.uuid_generate_v1mc()';

create function _from_hash(hash bytea, version int) returns uuid
  language sql immutable strict parallel safe as $$
  select encode(set_byte(set_byte(substr(hash, 1, 16), 6, (get_byte(hash, 6) & 15) | (version << 4)),
    8, (get_byte(hash, 8) & 63) | 128), 'hex')::uuid
$$;
create function uuid_generate_v3(namespace uuid, name text) returns uuid
  language sql immutable strict parallel safe as $$
  select @extschema@._from_hash(
    decode(md5(uuid_send(namespace) || convert_to(name, 'UTF8')), 'hex'), 3)
$$;
create function uuid_generate_v5(namespace uuid, name text) returns uuid
  language sql immutable strict parallel safe as $$
  select @extschema@._from_hash(
    edge_internal.sha1(uuid_send(namespace) || convert_to(name, 'UTF8')), 5)
$$;
