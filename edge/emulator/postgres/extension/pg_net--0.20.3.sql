-- pg_net's queue and functions; edge/emulator/postgres/http_queue.py sends what is queued.

create schema if not exists net;
create domain net.http_method as text
  check (lower(value) in ('get', 'post', 'delete'));

create unlogged table net.http_request_queue (
  id bigserial,
  method net.http_method not null,
  url text not null,
  headers jsonb,
  body bytea,
  timeout_milliseconds int not null
);
create unlogged table net._http_response (
  id bigint,
  status_code integer,
  content_type text,
  headers jsonb,
  content text,
  timed_out bool,
  error_msg text,
  created timestamptz not null default now()
);
create index on net._http_response (created);

create type net.request_status as enum ('PENDING', 'SUCCESS', 'ERROR');
create type net.http_response as (status_code integer, headers jsonb, body text);
create type net.http_response_result as (
  status net.request_status, message text, response net.http_response
);

create function net._urlencode_string(string varchar) returns text language sql immutable as $$
  select coalesce(string_agg(
    case when byte ~ '^(3[0-9]|4[1-9a-f]|5[0-9a]|5f|6[1-9a-f]|7[0-9a]|2d|2e|7e)$'
      then chr(('x' || byte)::bit(8)::int) else '%' || upper(byte) end, '' order by number), '')
  from regexp_matches(encode(convert_to(string, 'UTF8'), 'hex'), '..', 'g')
    with ordinality as bytes(match, number), lateral (select match[1] as byte) as one
$$;
create function net._encode_url_with_params_array(url text, params_array text[]) returns text
  language sql immutable as $$
  select case when cardinality(params_array) = 0 then url
    else url || case when strpos(url, '?') > 0 then '&' else '?' end
      || array_to_string(params_array, '&') end
$$;

create function net._request(
  method text, url text, params jsonb, headers jsonb, body jsonb, timeout_milliseconds int
) returns bigint language plpgsql security definer set search_path = net as $$
declare
  request_id bigint;
begin
  insert into net.http_request_queue (method, url, headers, body, timeout_milliseconds)
  values (
    method,
    net._encode_url_with_params_array(url, (
      select coalesce(array_agg(
        net._urlencode_string(key) || '=' || net._urlencode_string(value)), '{}')
      from jsonb_each_text(coalesce(params, '{}'))
    )),
    headers, convert_to(body::text, 'UTF8'), timeout_milliseconds)
  returning id into request_id;
  notify edge_net;
  return request_id;
end $$;

create function net.http_get(
  url text, params jsonb default '{}', headers jsonb default '{}',
  timeout_milliseconds int default 5000
) returns bigint language sql security definer set search_path = net as
  $$ select net._request('GET', url, params, headers, null, timeout_milliseconds) $$;

create function net.http_post(
  url text, body jsonb default '{}', params jsonb default '{}',
  headers jsonb default '{"Content-Type": "application/json"}',
  timeout_milliseconds int default 5000
) returns bigint language plpgsql security definer set search_path = net as $$
declare
  content_type text := (
    select value from jsonb_each_text(coalesce(headers, '{}')) where lower(key) = 'content-type'
    limit 1);
begin
  if content_type <> 'application/json' then
    raise exception 'Content-Type header must be "application/json"';
  end if;
  if content_type is null then
    headers := coalesce(headers, '{}') || '{"Content-Type": "application/json"}';
  end if;
  return net._request('POST', url, params, headers, body, timeout_milliseconds);
end $$;

create function net.http_delete(
  url text, params jsonb default '{}', headers jsonb default '{}',
  timeout_milliseconds int default 5000, body jsonb default null
) returns bigint language sql security definer set search_path = net as
  $$ select net._request('DELETE', url, params, headers, body, timeout_milliseconds) $$;

create function net._await_response(request_id bigint) returns bool language plpgsql as $$
begin
  while not exists (select from net._http_response where id = request_id) loop
    perform pg_sleep(0.05);
  end loop;
  return true;
end $$;

create function net._http_collect_response(request_id bigint, async bool default true)
  returns net.http_response_result language plpgsql as $$
declare
  found_response net._http_response;
begin
  if not async then
    perform net._await_response(request_id);
  end if;
  select * into found_response from net._http_response where id = request_id;
  if found_response.id is null or found_response.error_msg is not null then
    return ('ERROR', coalesce(found_response.error_msg, 'request matching request_id not found'),
      null)::net.http_response_result;
  end if;
  return ('SUCCESS', 'ok', (found_response.status_code, found_response.headers,
    found_response.content)::net.http_response)::net.http_response_result;
end $$;

create function net.http_collect_response(request_id bigint, async bool default true)
  returns net.http_response_result language plpgsql as $$
begin
  return net._http_collect_response(request_id, async);
end $$;

create function net.check_worker_is_up() returns void language sql as '';
create function net.wait_until_running() returns void language sql as '';
create function net.wake() returns void language sql as 'notify edge_net';
create function net.worker_restart() returns bool language sql as 'select true';

revoke all on function net._request, net.http_get, net.http_post from public;
grant usage on schema net to public;
grant usage on schema net to postgres with grant option;
grant all on all sequences in schema net to public;
grant all on all tables in schema net to public;
grant execute on function net.http_get, net.http_post
  to supabase_functions_admin, postgres, anon, authenticated, service_role;
