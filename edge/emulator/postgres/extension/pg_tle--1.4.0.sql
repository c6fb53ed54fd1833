-- pg_tle's functions that install extensions of SQL; the stack writes their files where the server
-- looks for them. Their scripts run as who creates them, not as a superuser.

create table pgtle.extension (
  extname text primary key,
  default_version text not null,
  description text,
  requires text[]
);
create table pgtle.script (
  extname text not null references pgtle.extension on delete cascade,
  path text not null, -- `1.0`, or `1.0--1.1` of an update
  body text not null,
  primary key (extname, path)
);

create function pgtle._write(name text) returns void
  language plpgsql security definer set search_path = '' as $$
begin
  perform edge_internal.call('write_extension', jsonb_build_object(
    'name', name,
    'extension', (
      select jsonb_build_object('version', default_version, 'comment', coalesce(description, ''),
        'requires', coalesce(to_jsonb(requires), '[]'))
      from pgtle.extension where extname = name),
    'scripts', (select coalesce(jsonb_object_agg(path, body), '{}')
      from pgtle.script where extname = name)));
end $$;

create function pgtle._require(name text) returns void
  language plpgsql security definer set search_path = '' as $$
begin
  if not exists (select from pgtle.extension where extname = name) then
    raise exception 'extension "%" is not installed by pg_tle', name using errcode = '42704';
  end if;
end $$;

create function pgtle._add(name text, path text, body text) returns boolean
  language plpgsql security definer set search_path = '' as $$
begin
  perform pgtle._require(name);
  insert into pgtle.script values (name, path, body);
  perform pgtle._write(name);
  return true;
exception when unique_violation then
  raise exception 'script % of extension "%" already exists', path, name using errcode = '42710';
end $$;

create function pgtle.install_extension(
  name text, version text, description text, ext text, requires text[] default null
) returns boolean language plpgsql security definer set search_path = '' as $$
begin
  if exists (select from pgtle.extension where extname = name) then
    raise exception 'extension "%" already installed', name using errcode = '42710';
  end if;
  insert into pgtle.extension values (name, version, description, requires);
  return pgtle._add(name, version, ext);
end $$;

create function pgtle.install_extension_version_sql(name text, version text, ext text)
  returns boolean language sql as $$ select pgtle._add(name, version, ext) $$;

create function pgtle.install_update_path(name text, fromvers text, tovers text, ext text)
  returns boolean language sql as $$ select pgtle._add(name, fromvers || '--' || tovers, ext) $$;

create function pgtle.set_default_version(name text, version text) returns boolean
  language plpgsql security definer set search_path = '' as $$
begin
  perform pgtle._require(name);
  update pgtle.extension set default_version = version where extname = name;
  perform pgtle._write(name);
  return true;
end $$;

create function pgtle.uninstall_extension_if_exists(extname text) returns boolean
  language plpgsql security definer set search_path = '' as $$
#variable_conflict use_column
begin
  delete from pgtle.extension where extname = uninstall_extension_if_exists.extname;
  if found then
    perform pgtle._write(uninstall_extension_if_exists.extname);
  end if;
  return found;
end $$;

create function pgtle.uninstall_extension(extname text) returns boolean language plpgsql as $$
begin
  perform pgtle._require(extname);
  return pgtle.uninstall_extension_if_exists(extname);
end $$;

create function pgtle._remove(name text, path text) returns boolean
  language plpgsql security definer set search_path = '' as $$
begin
  perform pgtle._require(name);
  delete from pgtle.script where extname = name and script.path = _remove.path;
  perform pgtle._write(name);
  return true;
end $$;

create function pgtle.uninstall_extension(extname text, version text) returns boolean
  language sql as $$ select pgtle._remove(extname, version) $$;
create function pgtle.uninstall_update_path(extname text, fromvers text, tovers text)
  returns boolean language sql as $$ select pgtle._remove(extname, fromvers || '--' || tovers) $$;

create function pgtle.available_extensions(
  out name name, out default_version text, out comment text
) returns setof record language sql stable security definer set search_path = '' as
  $$ select extname, default_version, description from pgtle.extension order by 1 $$;

create function pgtle.available_extension_versions(
  out name name, out version text, out superuser boolean, out trusted boolean,
  out relocatable boolean, out schema name, out requires name[], out comment text
) returns setof record language sql stable security definer set search_path = '' as $$
  select extname, path, false, false, false, null, requires::name[], description
  from pgtle.extension join pgtle.script using (extname)
  where strpos(path, '--') = 0 order by 1, 2
$$;

create function pgtle.extension_update_paths(
  name name, out source text, out target text, out path text
) returns setof record language sql stable security definer set search_path = '' as $$
  select split_part(path, '--', 1), split_part(path, '--', 2), path
  from pgtle.script where extname = $1 and strpos(path, '--') > 0 order by 1, 2
$$;

grant usage on schema pgtle to public;
revoke all on function pgtle._write(text), pgtle._add(text, text, text), pgtle._remove(text, text),
  pgtle.install_extension(text, text, text, text, text[]), pgtle.set_default_version(text, text),
  pgtle.uninstall_extension_if_exists(text) from public;
grant execute on all functions in schema pgtle to postgres with grant option;
revoke all on function pgtle._write(text) from postgres;
