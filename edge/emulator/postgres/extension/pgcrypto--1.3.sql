-- pgcrypto's functions in SQL; crypt() and ciphers are computed by edge/emulator/postgres/host_crypto.py.

create function digest(bytea, text) returns bytea
  language plpgsql immutable strict parallel safe as $$
begin
  case lower($2)
    when 'sha256' then return sha256($1);
    when 'sha512' then return sha512($1);
    when 'sha384' then return sha384($1);
    when 'sha224' then return sha224($1);
    when 'md5' then return decode(md5($1), 'hex');
    when 'sha1' then return edge_internal.sha1($1);
    else raise exception 'Cannot use "%": No such hash algorithm', $2 using errcode = '22023';
  end case;
end $$;

create function digest(text, text) returns bytea
  language sql immutable strict parallel safe as
  $$ select @extschema@.digest(convert_to($1, 'UTF8'), $2) $$;

create function hmac(bytea, bytea, text) returns bytea
  language plpgsql immutable strict parallel safe as $$
declare
  size int := case when lower($3) in ('sha384', 'sha512') then 128 else 64 end;
  key bytea := case when length($2) > size then @extschema@.digest($2, $3) else $2 end;
  inner_pad bytea;
  outer_pad bytea;
begin
  key := key || decode(repeat('00', size - length(key)), 'hex');
  inner_pad := key;
  outer_pad := key;
  for i in 0 .. size - 1 loop
    inner_pad := set_byte(inner_pad, i, get_byte(key, i) # 54);
    outer_pad := set_byte(outer_pad, i, get_byte(key, i) # 92);
  end loop;
  return @extschema@.digest(outer_pad || @extschema@.digest(inner_pad || $1, $3), $3);
end $$;

create function hmac(text, text, text) returns bytea
  language sql immutable strict parallel safe as
  $$ select @extschema@.hmac(convert_to($1, 'UTF8'), convert_to($2, 'UTF8'), $3) $$;

create function gen_random_uuid() returns uuid
  language sql volatile parallel safe as 'select pg_catalog.gen_random_uuid()';

create function gen_random_bytes(integer) returns bytea
  language plpgsql volatile strict parallel safe as $$
declare
  bytes bytea := '';
begin
  if $1 not between 1 and 1024 then
    raise exception 'Length not in range' using errcode = '22023';
  end if;
  while length(bytes) < $1 loop  -- three UUIDs hold 366 random bits
    bytes := bytes || sha256(uuid_send(pg_catalog.gen_random_uuid())
      || uuid_send(pg_catalog.gen_random_uuid()) || uuid_send(pg_catalog.gen_random_uuid()));
  end loop;
  return substr(bytes, 1, $1);
end $$;

create function gen_salt(text, integer) returns text
  language plpgsql volatile strict parallel safe as $$
declare
  standard constant text := 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  bcrypt constant text := './ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
  rounds int := case when $2 = 0 then 6 else $2 end;
begin
  if lower($1) <> 'bf' then
    raise exception 'gen_salt(''%'') is not in the local stack: use gen_salt(''bf'')', $1
      using errcode = case when lower($1) in ('des', 'xdes', 'md5', 'sha256crypt', 'sha512crypt')
        then '0A000' else '22023' end;
  end if;
  if rounds not between 4 and 31 then
    raise exception 'gen_salt: Incorrect number of rounds' using errcode = '22023';
  end if;
  return '$2a$' || lpad(rounds::text, 2, '0') || '$' || rtrim(translate(
    encode(@extschema@.gen_random_bytes(16), 'base64'), standard, bcrypt), '=');
end $$;

create function gen_salt(text) returns text
  language sql volatile strict parallel safe as 'select @extschema@.gen_salt($1, 0)';

create function crypt(text, text) returns text
  language sql immutable strict parallel restricted security definer set search_path = '' as $$
  select edge_internal.call('crypt', jsonb_build_object('password', $1, 'salt', $2)) #>> '{}'
$$;

create function _cipher(encrypts boolean, data bytea, key bytea, iv bytea, kind text) returns bytea
  language sql immutable strict parallel restricted security definer set search_path = '' as $$
  select decode(edge_internal.call('cipher', jsonb_build_object('encrypts', encrypts, 'kind', kind,
    'data', translate(encode(data, 'base64'), E'\n', ''),
    'key', translate(encode(key, 'base64'), E'\n', ''),
    'iv', translate(encode(iv, 'base64'), E'\n', ''))) #>> '{}', 'base64')
$$;

create function encrypt(bytea, bytea, text) returns bytea language sql immutable strict
  as $$ select @extschema@._cipher(true, $1, $2, '', $3) $$;
create function decrypt(bytea, bytea, text) returns bytea language sql immutable strict
  as $$ select @extschema@._cipher(false, $1, $2, '', $3) $$;
create function encrypt_iv(bytea, bytea, bytea, text) returns bytea language sql immutable strict
  as $$ select @extschema@._cipher(true, $1, $2, $3, $4) $$;
create function decrypt_iv(bytea, bytea, bytea, text) returns bytea language sql immutable strict
  as $$ select @extschema@._cipher(false, $1, $2, $3, $4) $$;

-- Callable, so that a migration that names them applies; refused when they run.
do $do$
declare
  signature text;
begin
  foreach signature in array array[
    'armor(bytea) returns text', 'armor(bytea, text[], text[]) returns text',
    'dearmor(text) returns bytea',
    'pgp_sym_encrypt(text, text) returns bytea', 'pgp_sym_encrypt(text, text, text) returns bytea',
    'pgp_sym_encrypt_bytea(bytea, text) returns bytea',
    'pgp_sym_encrypt_bytea(bytea, text, text) returns bytea',
    'pgp_sym_decrypt(bytea, text) returns text', 'pgp_sym_decrypt(bytea, text, text) returns text',
    'pgp_sym_decrypt_bytea(bytea, text) returns bytea',
    'pgp_sym_decrypt_bytea(bytea, text, text) returns bytea',
    'pgp_pub_encrypt(text, bytea) returns bytea', 'pgp_pub_encrypt(text, bytea, text) returns bytea',
    'pgp_pub_decrypt(bytea, bytea) returns text', 'pgp_pub_decrypt(bytea, bytea, text) returns text',
    'pgp_pub_decrypt(bytea, bytea, text, text) returns text',
    'pgp_pub_encrypt_bytea(bytea, bytea) returns bytea',
    'pgp_pub_encrypt_bytea(bytea, bytea, text) returns bytea',
    'pgp_pub_decrypt_bytea(bytea, bytea) returns bytea',
    'pgp_pub_decrypt_bytea(bytea, bytea, text) returns bytea',
    'pgp_pub_decrypt_bytea(bytea, bytea, text, text) returns bytea',
    'pgp_key_id(bytea) returns text',
    'pgp_armor_headers(text, out key text, out value text) returns setof record']
  loop
    execute format('create function %s language plpgsql immutable strict as %L', signature, format(
      'begin raise exception %L using errcode = ''0A000'', hint = %L; end',
      split_part(signature, '(', 1) || '() is not in the local stack',
      'Use encrypt_iv() and decrypt_iv() with aes-cbc, or supabase_vault.'));
  end loop;
end $do$;
