-- What Realtime itself calls to filter changes, and hosted schemas name. Follows supabase/realtime's
-- tenant migrations. The local stack filters changes in edge/emulator/realtime/changes.

do $$
begin
  if to_regtype('realtime.wal_column') is null then
    create type realtime.wal_column as (
      name text, type_name text, type_oid oid, value jsonb, is_pkey boolean, is_selectable boolean
    );
    create type realtime.wal_rls as (
      wal jsonb, is_rls_enabled boolean, subscription_ids uuid[], errors text[]
    );
    alter type realtime.wal_column owner to supabase_realtime_admin;
    alter type realtime.wal_rls owner to supabase_realtime_admin;
  end if;
end $$;

do $do$
declare
  signature text;
begin
  foreach signature in array array[
    'apply_rls(wal jsonb, max_record_bytes integer default 1048576) returns setof realtime.wal_rls',
    'build_prepared_statement_sql(prepared_statement_name text, entity regclass,'
      ' columns realtime.wal_column[]) returns text',
    '"cast"(val text, type_ regtype) returns jsonb',
    'check_equality_op(op realtime.equality_op, type_ regtype, val_1 text, val_2 text)'
      ' returns boolean',
    'check_equality_op(op realtime.equality_op, type_ regtype, val_1 text, val_2 text,'
      ' negate boolean) returns boolean',
    'is_visible_through_filters(columns realtime.wal_column[],'
      ' filters realtime.user_defined_filter[]) returns boolean',
    'list_changes(publication name, slot_name name, max_changes integer, max_record_bytes integer)'
      ' returns table (wal jsonb, is_rls_enabled boolean, subscription_ids uuid[], errors text[],'
      ' slot_changes_count bigint)',
    'quote_wal2json(entity regclass) returns text',
    'wal2json_escape_identifier(name text) returns text'
  ] loop
    execute format($create$
      create or replace function realtime.%s language plpgsql as $$
      begin
        raise exception 'Realtime''s own function realtime.%s() is not in the local stack'
          using errcode = '0A000';
      end $$
    $create$, signature, split_part(signature, '(', 1));
    execute format('alter function realtime.%s owner to supabase_realtime_admin', regexp_replace(
      regexp_replace(signature, ' returns .*', ''), ' default \w+', ''));
  end loop;
end $do$;

create or replace function realtime.subscription_check_filters() returns trigger
  language plpgsql as $$ begin return new; end $$;
alter function realtime.subscription_check_filters() owner to supabase_realtime_admin;
create or replace trigger tr_check_filters before insert or update on realtime.subscription
  for each row execute function realtime.subscription_check_filters();
