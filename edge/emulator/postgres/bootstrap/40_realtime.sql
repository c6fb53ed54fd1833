-- The tables and functions of schema realtime. Follows supabase/realtime's tenant migrations.

do $$
begin
  if not exists (select from pg_publication where pubname = 'supabase_realtime') then
    create publication supabase_realtime;
    alter publication supabase_realtime owner to postgres;
  end if;
  if to_regtype('realtime.action') is null then
    create type realtime.action as enum ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'ERROR');
    create type realtime.equality_op as enum ('eq', 'neq', 'lt', 'lte', 'gt', 'gte', 'in');
    create type realtime.user_defined_filter as (
      column_name text, op realtime.equality_op, value text
    );
  end if;
end $$;

-- One table, not a partition a day: what is older than three days is deleted.
create table if not exists realtime.messages (
  id uuid not null default gen_random_uuid() primary key,
  topic text not null,
  extension text not null,
  payload jsonb,
  event text,
  private boolean default false,
  updated_at timestamp not null default now(),
  inserted_at timestamp not null default now(),
  binary_payload bytea,
  constraint messages_payload_exclusive check (payload is null or binary_payload is null)
);
create index if not exists messages_inserted_at_topic_index
  on realtime.messages (inserted_at desc, topic) where extension = 'broadcast' and private is true;
create table if not exists realtime.schema_migrations (
  version bigint primary key,
  inserted_at timestamp
);
create table if not exists realtime.subscription (
  id bigint generated always as identity primary key,
  subscription_id uuid not null,
  entity regclass not null,
  filters realtime.user_defined_filter[] not null default '{}',
  claims jsonb not null,
  claims_role regrole,
  created_at timestamp not null default timezone('utc', now()),
  action_filter text default '*'
);
alter table realtime.messages enable row level security;

create or replace function realtime.topic() returns text language sql stable as $$
  select nullif(current_setting('realtime.topic', true), '')::text
$$;
create or replace function realtime.to_regrole(role_name text) returns regrole
  language sql immutable as $$ select role_name::regrole $$;

create or replace function realtime.send(
  payload jsonb, event text, topic text, private boolean default true
) returns void language plpgsql as $$
declare
  message_id uuid := gen_random_uuid();
begin
  begin
    if not payload ? 'id' then
      payload := jsonb_set(payload, '{id}', to_jsonb(message_id));
    end if;
    perform set_config('realtime.topic', topic, true);
    insert into realtime.messages (id, payload, event, topic, private, extension)
    values (message_id, payload, event, topic, private, 'broadcast');
  exception when others then
    raise warning 'WarnSendingBroadcastMessage: %', sqlerrm;
  end;
end $$;
create or replace function realtime.send_binary(
  payload bytea, event text, topic text, private boolean default true
) returns void language plpgsql as $$
begin
  begin
    perform set_config('realtime.topic', topic, true);
    insert into realtime.messages (binary_payload, event, topic, private, extension)
    values (payload, event, topic, private, 'broadcast');
  exception when others then
    raise warning 'WarnSendingBroadcastMessage: %', sqlerrm;
  end;
end $$;
create or replace function realtime.broadcast_changes(
  topic_name text, event_name text, operation text, table_name text, table_schema text,
  new record, old record, level text default 'ROW'
) returns void language plpgsql as $$
declare
  row_data jsonb := '{}'::jsonb;
begin
  if level = 'STATEMENT' then
    raise exception 'function can only be triggered for each row, not for each statement';
  end if;
  if operation in ('INSERT', 'UPDATE', 'DELETE') then
    row_data := jsonb_build_object('old_record', old, 'record', new, 'operation', operation,
      'table', table_name, 'schema', table_schema);
    perform realtime.send(row_data, event_name, topic_name);
  else
    raise exception 'Unexpected operation type: %', operation;
  end if;
exception when others then
  raise exception 'Failed to process the row: %', sqlerrm;
end $$;

do $$
declare
  statement text;
begin
  for statement in
    select format('alter table %s owner to supabase_realtime_admin', oid::regclass)
    from pg_class where relnamespace = 'realtime'::regnamespace and relkind = 'r'
    union all
    select format('alter function %s owner to supabase_realtime_admin', oid::regprocedure)
    from pg_proc where pronamespace = 'realtime'::regnamespace
    union all
    select format('alter type %s owner to supabase_realtime_admin', oid::regtype)
    from pg_type where typnamespace = 'realtime'::regnamespace and typtype = 'e'
      or oid = 'realtime.user_defined_filter'::regtype
  loop
    execute statement;
  end loop;
end $$;
grant select, insert, update on realtime.messages to postgres, anon, authenticated, service_role;
grant all on realtime.messages, realtime.subscription to postgres;
grant select on realtime.subscription, realtime.schema_migrations
  to postgres, anon, authenticated, service_role;
grant usage on all sequences in schema realtime to anon, authenticated, service_role;

do $$
begin
  if not exists (
    select from pg_publication where pubname = 'supabase_realtime_messages_publication'
  ) then
    create publication supabase_realtime_messages_publication for table realtime.messages
      with (publish = 'insert');
  end if;
end $$;

-- Whether each role with its claims can select what the statement asks for; for change feeds.
create or replace function edge_internal.visible_to(statement text, roles text[], claims text[])
  returns boolean[] language plpgsql as $$
declare
  result boolean[] := '{}';
  is_visible boolean;
begin
  for number in 1 .. cardinality(roles) loop
    perform set_config('request.jwt.claims', claims[number], true),
      set_config('request.jwt.claim.sub', coalesce(claims[number]::jsonb ->> 'sub', ''), true),
      set_config('request.jwt.claim.role', roles[number], true),
      set_config('role', roles[number], true);
    begin
      execute statement into is_visible;
    exception when others then
      is_visible := false;
    end;
    perform set_config('role', 'none', true);
    result := result || coalesce(is_visible, false);
  end loop;
  return result;
end $$;
revoke execute on function edge_internal.visible_to from public;
