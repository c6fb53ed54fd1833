-- What stands in for the platform's C extensions: calls into the stack, and supautils' privileges.

create or replace function edge_internal.dblink(text, text) returns setof record
  language c strict parallel restricted as '$libdir/dblink', 'dblink_record';

-- Answers come from edge/emulator/postgres/host_functions.py, over a socket beside the server's.
create or replace function edge_internal.call(name text, arguments jsonb) returns jsonb
  language plpgsql security definer set search_path = '' as $$
declare
  answer text;
begin
  select result into answer
  from edge_internal.dblink(
    format('host=%s port=1 user=edge dbname=edge sslmode=disable gssencmode=disable',
      current_setting('unix_socket_directories')),
    jsonb_build_object('name', name, 'arguments', arguments)::text
  ) as reply(result text);
  return answer;
exception when sqlstate '08001' then
  raise exception '% needs the running stack', name
    using errcode = 'feature_not_supported', hint = 'Start it: edge start';
end $$;

-- What supautils lets `postgres` do, and what needs a superuser without it. One statement at a time.
create or replace function edge_internal.run_privileged(statement text) returns void
  language plpgsql security definer as $$
declare
  allowed constant text := '^(create event trigger|alter event trigger|drop event trigger'
    '|comment on event trigger|comment on extension|alter extension|create publication|alter publication|drop publication'
    '|alter default privileges for (role|user) "?supabase_'
    '|alter (role|user) (?!"?supabase_admin).* (re)?set "?[a-z_]+"?\.'
    '|alter database .* (re)?set "?[a-z_]+"?\.)';
  head text := pg_catalog.lower(pg_catalog.regexp_replace(pg_catalog.regexp_replace(
    statement, '^(\s+|--[^\n]*(\n|$)|/\*.*?\*/)*', ''), '\s+', ' ', 'g'));
  -- A semicolon in a plain literal is none; where a literal is not plain, every one counts.
  several boolean := pg_catalog.strpos(pg_catalog.rtrim(case when head ~ '[\\$]' then head
    else pg_catalog.regexp_replace(head, '''[^'']*''', '', 'g') end, '; '), ';') > 0;
begin
  -- What would belong to a superuser stays with `postgres`, which may then go on with it.
  if pg_catalog.regexp_like(head, '^alter .* owner to "?\w+"?;? ?$') then
    return;
  end if;
  if not pg_catalog.regexp_like(head, allowed) or several then
    raise insufficient_privilege using message = 'only a superuser may run this statement';
  end if;
  execute statement;
end $$;

-- What `execute` of a `do` block becomes: as the caller, or as supautils would let it.
create or replace function edge_internal.execute_privileged(statement text) returns void
  language plpgsql as $$
declare
  refused text;
begin
  execute statement;
exception when insufficient_privilege then
  refused := sqlerrm;
  begin
    perform edge_internal.run_privileged(statement);
  exception when insufficient_privilege then
    raise insufficient_privilege using message = refused;
  end;
end $$;

-- `--check` runs all files in one transaction, where Postgres refuses a value that the transaction
-- has added to an enum. Under a new oid the value is not known as new; no row can hold it yet.
create or replace function edge_internal.allow_new_value(type regtype, label text) returns void
  language plpgsql security definer set search_path = '' as $$
declare
  added record;
  fresh oid;
begin
  for added in
    select e.oid from pg_catalog.pg_enum e
    where e.enumtypid = type and e.enumlabel = label
      and pg_catalog.pg_xact_status(e.xmin::text::pg_catalog.xid8) = 'in progress'
  loop
    loop  -- even ones are in the order of the values
      fresh := pg_catalog.pg_nextoid('pg_catalog.pg_enum', 'oid', 'pg_catalog.pg_enum_oid_index');
      exit when fresh::bigint % 2 = 1;
    end loop;
    update pg_catalog.pg_enum set oid = fresh where oid = added.oid;
  end loop;
end $$;

-- For pgcrypto and uuid-ossp.
create or replace function edge_internal.sha1(data bytea) returns bytea
  language plpgsql immutable strict parallel safe set search_path = pg_catalog as $$
declare
  mask constant bigint := 4294967295;
  a bigint; b bigint; c bigint; d bigint; e bigint; f bigint; k bigint; t bigint;
  h bigint[] := array[1732584193, 4023233417, 2562383102, 271733878, 3285377520];
  w bigint[];
  block int;
begin
  data := data || '\x80'::bytea
    || decode(repeat('00', (119 - length(data) % 64) % 64), 'hex')
    || int8send(length(data)::bigint * 8);
  for block in 0 .. length(data) / 64 - 1 loop
    w := array[]::bigint[];
    for i in 0 .. 79 loop
      if i < 16 then
        t := block * 64 + i * 4;
        w[i] := (get_byte(data, t::int)::bigint << 24) | (get_byte(data, t::int + 1) << 16)
          | (get_byte(data, t::int + 2) << 8) | get_byte(data, t::int + 3);
      else
        t := w[i - 3] # w[i - 8] # w[i - 14] # w[i - 16];
        w[i] := ((t << 1) | (t >> 31)) & mask;
      end if;
    end loop;
    a := h[1]; b := h[2]; c := h[3]; d := h[4]; e := h[5];
    for i in 0 .. 79 loop
      if i < 20 then f := (b & c) | ((~b) & mask & d); k := 1518500249;
      elsif i < 40 then f := b # c # d; k := 1859775393;
      elsif i < 60 then f := (b & c) | (b & d) | (c & d); k := 2400959708;
      else f := b # c # d; k := 3395469782;
      end if;
      t := ((((a << 5) | (a >> 27)) & mask) + f + e + k + w[i]) & mask;
      e := d; d := c; c := ((b << 30) | (b >> 2)) & mask; b := a; a := t;
    end loop;
    h := array[(h[1] + a) & mask, (h[2] + b) & mask, (h[3] + c) & mask, (h[4] + d) & mask,
      (h[5] + e) & mask];
  end loop;
  return decode(lpad(to_hex(h[1]), 8, '0') || lpad(to_hex(h[2]), 8, '0') || lpad(to_hex(h[3]), 8, '0')
    || lpad(to_hex(h[4]), 8, '0') || lpad(to_hex(h[5]), 8, '0'), 'hex');
end $$;

revoke all on function edge_internal.run_privileged(text) from public;
revoke all on function edge_internal.dblink(text, text) from public;
grant usage on schema edge_internal to public;
grant execute on function edge_internal.run_privileged(text) to postgres;
revoke all on function edge_internal.call(text, jsonb) from public;
