-- pgsql-http's types and functions; the stack sends the requests.

create domain http_method as text;
create type http_header as (field varchar, value varchar);
create type http_request as (
  method http_method, uri varchar, headers http_header[], content_type varchar, content varchar
);
create type http_response as (
  status integer, content_type varchar, headers http_header[], content varchar
);

create function http_header(field varchar, value varchar) returns http_header
  language sql immutable as $$ select row($1, $2)::@extschema@.http_header $$;

create function _send(request jsonb) returns jsonb
  language sql security definer set search_path = '' as
  $$ select edge_internal.call('http', request) $$;

create function http(request http_request) returns http_response language plpgsql as $$
declare
  given @extschema@.http_header;
  headers jsonb := '[]';
  answer jsonb;
begin
  if request.content_type is not null then
    headers := jsonb_build_array(jsonb_build_array('content-type', request.content_type));
  end if;
  foreach given in array coalesce(request.headers, '{}') loop
    headers := headers || jsonb_build_array(jsonb_build_array(given.field, given.value));
  end loop;
  answer := @extschema@._send(jsonb_build_object(
    'method', upper(request.method), 'uri', request.uri, 'headers', headers,
    'content', request.content,
    'timeout', nullif(current_setting('http.timeout_msec', true), '')::float / 1000));
  return row(
    (answer ->> 'status')::int, answer ->> 'content_type',
    (select array_agg(row(pair ->> 0, pair ->> 1)::@extschema@.http_header)
      from jsonb_array_elements(answer -> 'headers') as pair),
    answer ->> 'content')::@extschema@.http_response;
end $$;

create function http_get(uri varchar) returns http_response language sql as
  $$ select @extschema@.http(('GET', $1, null, null, null)::@extschema@.http_request) $$;
create function http_head(uri varchar) returns http_response language sql as
  $$ select @extschema@.http(('HEAD', $1, null, null, null)::@extschema@.http_request) $$;
create function http_post(uri varchar, content varchar, content_type varchar)
  returns http_response language sql as
  $$ select @extschema@.http(('POST', $1, null, $3, $2)::@extschema@.http_request) $$;
create function http_put(uri varchar, content varchar, content_type varchar)
  returns http_response language sql as
  $$ select @extschema@.http(('PUT', $1, null, $3, $2)::@extschema@.http_request) $$;
create function http_patch(uri varchar, content varchar, content_type varchar)
  returns http_response language sql as
  $$ select @extschema@.http(('PATCH', $1, null, $3, $2)::@extschema@.http_request) $$;
create function http_delete(uri varchar) returns http_response language sql as
  $$ select @extschema@.http(('DELETE', $1, null, null, null)::@extschema@.http_request) $$;
create function http_delete(uri varchar, content varchar, content_type varchar)
  returns http_response language sql as
  $$ select @extschema@.http(('DELETE', $1, null, $3, $2)::@extschema@.http_request) $$;

create function urlencode(string varchar) returns text language sql immutable strict as $$
  select coalesce(string_agg(
    case when byte ~ '^(3[0-9]|4[1-9a-f]|5[0-9a]|5f|6[1-9a-f]|7[0-9a]|2d|2e|7e)$'
      then chr(('x' || byte)::bit(8)::int) else '%' || upper(byte) end, '' order by number), '')
  from regexp_matches(encode(convert_to(string, 'UTF8'), 'hex'), '..', 'g')
    with ordinality as bytes(match, number), lateral (select match[1] as byte) as one
$$;
create function urlencode(data jsonb) returns text language sql immutable strict as $$
  select string_agg(@extschema@.urlencode(key) || '=' || @extschema@.urlencode(value), '&')
  from jsonb_each_text(data)
$$;
create function http_get(uri varchar, data jsonb) returns http_response language sql as
  $$ select @extschema@.http(('GET', $1 || '?' || @extschema@.urlencode($2), null, null, null)::@extschema@.http_request) $$;
create function http_post(uri varchar, data jsonb) returns http_response language sql as
  $$ select @extschema@.http(('POST', $1, null, 'application/x-www-form-urlencoded',
    @extschema@.urlencode($2))::@extschema@.http_request) $$;

create function http_set_curlopt(curlopt varchar, value varchar) returns boolean
  language plpgsql as $$
begin
  if curlopt = 'CURLOPT_TIMEOUT_MS' then
    perform set_config('http.timeout_msec', value, false);
  elsif curlopt = 'CURLOPT_TIMEOUT' then
    perform set_config('http.timeout_msec', (value::int * 1000)::text, false);
  end if;
  return true;
end $$;
create function http_reset_curlopt() returns boolean language sql as
  $$ select set_config('http.timeout_msec', '', false) = '' $$;
