-- pgTAP's tests of what is in the catalogs. Postgres runs this file after pgtap--core.sql.

create function _tap_objects(kind text)
  returns table (schema name, parent name, name name, visible boolean, owner oid, id oid)
  language sql stable as $$
  select n.nspname, null::name, c.relname, pg_table_is_visible(c.oid), c.relowner, c.oid
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind = any (case kind when 'table' then '{r,p}' when 'view' then '{v}' when 'sequence' then '{S}'
      when 'materialized view' then '{m}' when 'foreign table' then '{f}'
      when 'composite' then '{c}' when 'partitioned table' then '{p}'
      when 'relation' then '{r,p,v,S,m,f,c}' end::"char"[])
      or kind = 'inherited table' and c.relhassubclass
  union all select null, null, nspname, true, nspowner, oid from pg_namespace where kind = 'schema'
  union all select null, null, rolname, true, null, oid from pg_roles
    where kind = 'role' or kind = 'user' and rolcanlogin or kind = 'group' and not rolcanlogin
  union all select null, null, datname, true, datdba, oid from pg_database where kind = 'database'
  union all select null, null, lanname, true, lanowner, oid from pg_language where kind = 'language'
  union all select n.nspname, null, extname, true, extowner, e.oid
    from pg_extension e join pg_namespace n on n.oid = extnamespace where kind = 'extension'
  union all select n.nspname, null, typname, pg_type_is_visible(t.oid), typowner, t.oid
    from pg_type t join pg_namespace n on n.oid = typnamespace
    where case kind when 'domain' then typtype = 'd' when 'enum' then typtype = 'e' when 'type'
      then typcategory <> 'A' and (typrelid = 0 or typrelid in (select oid from pg_class where relkind = 'c')) end
  union all select n.nspname, null, proname, pg_function_is_visible(p.oid), proowner, p.oid
    from pg_proc p join pg_namespace n on n.oid = pronamespace where kind = 'function'
  union all select n.nspname, c.relname, part.name, pg_table_is_visible(c.oid), null, part.id
    from (
      select attrelid as relation, attname as name, null::oid as id from pg_attribute
        where kind = 'column' and attnum > 0 and not attisdropped
      union all select tgrelid, tgname, oid from pg_trigger where kind = 'trigger' and not tgisinternal
      union all select ev_class, rulename, oid from pg_rewrite where kind = 'rule' and rulename <> '_RETURN'
      union all select polrelid, polname, oid from pg_policy where kind = 'policy'
      union all select indrelid, i.relname, i.oid from pg_index join pg_class i on i.oid = indexrelid
        where kind = 'index'
    ) part join pg_class c on c.oid = part.relation join pg_namespace n on n.oid = c.relnamespace
$$;
create function _tap_find(kind text, schema name, parent name, name name) returns setof oid
  language sql stable as $$
  select o.id from @extschema@._tap_objects(kind) o
  where o.name = $4 and ($3 is null or o.parent = $3) and case when $2 is null then o.visible else o.schema = $2 end
$$;
create function _tap_table(schema name, name name) returns oid language sql stable as
  $$ select @extschema@._tap_find('relation', schema, null, name) limit 1 $$;
create function _tap_label(kind text, variadic names text[]) returns text language sql immutable as
  $$ select upper(left(kind, 1)) || substr(kind, 2) || ' ' || array_to_string(names, '.') $$;
create function _tap_has(kind text, expected boolean, schema name, parent name, name name, description text)
  returns text language sql as $$
  select @extschema@._tap_report(expected = exists (select from @extschema@._tap_find(kind, schema, parent, name)),
    coalesce(description, @extschema@._tap_label(kind, schema, parent, name)
      || case when expected then ' should exist' else ' should not exist' end), null)
$$;
create function _tap_are(kind text, plural text, schema name, parent name, want name[], description text)
  returns text language sql as $$
  select @extschema@._tap_diff(
    array(select o.name from @extschema@._tap_objects(kind) o
      where ($4 is null or o.parent = $4) and case when $3 is not null then o.schema = $3
        else o.visible and o.schema is distinct from 'pg_catalog' and o.schema is distinct from 'information_schema'
          and (kind <> 'schema' or o.name !~ '^pg_' and o.name <> 'information_schema') end),
    want, plural, coalesce(description, case when coalesce($3, $4) is null then 'There'
      else @extschema@._tap_label(case when $4 is null then 'schema' else 'table' end, $3, $4) end
      || ' should ' || case when coalesce($3, $4) is null then 'be' else 'have' end || ' the correct ' || plural))
$$;
select _tap_define(prefix || replace(kind, ' ', '_'), types, format('has(%L, %L, %s)', kind, prefix = 'has_', arguments))
from unnest(array['has_', 'hasnt_']) prefix, (
  select kind, types, arguments
    from unnest(array['schema', 'role', 'user', 'group', 'language', 'relation', 'table', 'view', 'materialized view',
      'sequence', 'foreign table', 'composite', 'type', 'domain', 'enum', 'extension']) with ordinality k(kind, number),
    (values ('nd', 'null, null, $1, $2', 1), ('nnd', '$1, null, $2, $3', 6)) forms(types, arguments, since)
    where number >= since
  union all select kind, types, arguments from unnest(array['column', 'trigger', 'rule']) kind,
    (values ('nnd', 'null, $1, $2, $3'), ('nnnd', '$1, $2, $3, $4')) forms(types, arguments)
) tests;
select _tap_define(name, types, format('has(%L, %L, %s)', kind, expected, arguments))
from (values ('is_partitioned', 'partitioned table', true), ('isnt_partitioned', 'partitioned table', false),
    ('has_inherited_tables', 'inherited table', true), ('hasnt_inherited_tables', 'inherited table', false)
    ) tests(name, kind, expected),
  (values ('nd', 'null, null, $1, $2'), ('nnd', '$1, null, $2, $3')) forms(types, arguments);
select _tap_define(replace(plural, ' ', '_') || '_are', types, format('are(%L, %L, %s)', kind, plural, arguments))
from (
  select kind, kind || 's' as plural, types, arguments from unnest(array['schema', 'role', 'user', 'group', 'language',
      'table', 'view', 'materialized view', 'sequence', 'foreign table', 'type', 'domain', 'enum', 'extension',
      'function']) with ordinality k(kind, number),
    (values ('ad', 'null, null, $1, $2', 1), ('nad', '$1, null, $2, $3', 6)) forms(types, arguments, since)
    where number >= since
  union all select kind, plural, types, arguments
    from (values ('column', 'columns'), ('trigger', 'triggers'), ('rule', 'rules'), ('policy', 'policies'),
      ('index', 'indexes')) kinds(kind, plural),
    (values ('nad', 'null, $1, $2, $3'), ('nnad', '$1, $2, $3, $4')) forms(types, arguments)
) tests;

-- Types are compared as Postgres writes them: int4 is integer.
create function _tap_type(name text) returns text language plpgsql stable as $$
begin
  return coalesce(format_type(to_regtype(name), to_regtypemod(name)), name);
exception when others then -- not the syntax of a type
  return name;
end $$;

create function _tap_column(kind text, expected boolean, schema name, parent name, name name, description text)
  returns text language sql as $$
  select @extschema@._tap_report(
    coalesce(expected = case kind when 'be NOT NULL' then attnotnull else atthasdef end, false),
    coalesce(description, @extschema@._tap_label('column', schema, parent, name) || ' should '
      || case when expected then '' else 'not ' end || kind),
    case when attname is null then format('    Column %s does not exist', concat_ws('.', schema, parent, name)) end)
  from (select) one left join pg_attribute
    on attrelid = @extschema@._tap_table(schema, parent) and attname = $5 and attnum > 0
$$;
select _tap_define(name, types, format('column(%L, %L, %s)', kind, expected, arguments))
from (values ('col_not_null', 'be NOT NULL', true), ('col_is_null', 'be NOT NULL', false),
    ('col_has_default', 'have a default', true), ('col_hasnt_default', 'have a default', false)) tests(name, kind, expected),
  (values ('nnd', 'null, $1, $2, $3'), ('nnnd', '$1, $2, $3, $4')) forms(types, arguments);

create function _tap_column_type(schema name, parent name, name name, want text, description text) returns text
  language sql as $$
  select @extschema@._tap_compare(have = @extschema@._tap_type(want), coalesce(description,
    @extschema@._tap_label('column', schema, parent, name) || ' should be type ' || want), have, want)
  from (select (select format_type(atttypid, atttypmod) from pg_attribute
    where attrelid = @extschema@._tap_table(schema, parent) and attname = $3 and attnum > 0) as have) is_type
$$;
select _tap_define('col_type_is', 'nnnntd', 'column_type($1, $2, $3, quote_ident($4) || ''.'' || $5, $6)'),
  _tap_define('col_type_is', 'nnntd', 'column_type($1, $2, $3, $4, $5)'),
  _tap_define('col_type_is', 'nntd', 'column_type(null, $1, $2, $3, $4)');

-- A constant default is compared by its value, others as Postgres writes them.
create function _tap_default(schema name, parent name, name name, want text, description text) returns text
  language plpgsql as $$
declare
  have text := (select pg_get_expr(adbin, adrelid) from pg_attrdef join pg_attribute
    on attrelid = adrelid and attnum = adnum where adrelid = @extschema@._tap_table($1, $2) and attname = $3);
  type text := (select format_type(atttypid, atttypmod) from pg_attribute
    where attrelid = @extschema@._tap_table($1, $2) and attname = $3);
  same boolean := have is not distinct from want;
begin
  if not same and have ~ '^(''([^'']|'''')*''(::[^()'']+(\(\d+(,\d+)?\))?(\[\])?)?|\(?-?[\d.]+\)?|true|false)$' then
    begin
      execute format('select (%s)::%s = $1::%2$s', have, type) into same using want;
    exception when others then
      same := false;
    end;
  end if;
  return @extschema@._tap_compare(same and type is not null, coalesce($5,
    format('%s should default to %s', @extschema@._tap_label('column', $1, $2, $3), want)), have, want);
end $$;
select _tap_define('col_default_is', format('name name name %s text', want), 'default($1, $2, $3, $4::text, $5)'),
  _tap_define('col_default_is', format('name name %s d', want), 'default(null, $1, $2, $3::text, $4)')
from unnest(array['text', 'anyelement']) want;

-- Constraints: the columns of each.
create function _tap_keys(kind "char", schema name, parent name) returns setof name[] language sql stable as $$
  select array(select attname from unnest(conkey) with ordinality k(number, position)
    join pg_attribute on attrelid = conrelid and attnum = number order by position)
  from pg_constraint where contype = kind and conrelid = @extschema@._tap_table(schema, parent)
$$;
create function _tap_key(kind "char", says text, expected boolean, schema name, parent name, names name[],
    description text) returns text language sql as $$
  select @extschema@._tap_report(expected = coalesce(case when names is null then cardinality(keys) > 0
      else names::text = any (keys) end, false),
    coalesce(description, @extschema@._tap_label(case when names is null then 'table' else 'column' end, schema, parent)
      || coalesce('(' || array_to_string(names, ', ') || ')', '')
      || case when expected then ' should ' else ' should not ' end || says),
    case when keys = '{}' then '        have none' else '        have: ' || array_to_string(keys, ', ') end
      || coalesce(E'\n        want: ' || names::text, ''))
  from (select array(select key::text from @extschema@._tap_keys(kind, schema, parent) key) as keys) found
$$;
select _tap_define(name, types, format('key(%L, %L, %L, %s)', kind, says, expected, arguments))
from (
  select (case when expected then 'has_' else 'hasnt_' end || suffix) as name, kind, 'have a ' || noun as says, expected,
      types, arguments
    from (values ('pk', 'p', 'primary key'), ('fk', 'f', 'foreign key'), ('unique', 'u', 'unique constraint'),
      ('check', 'c', 'check constraint')) k(suffix, kind, noun), unnest(array[true, false]) expected,
      (values ('nd', 'null, $1, null, $2'), ('nnd', '$1, $2, null, $3')) forms(types, arguments)
  union all select name, kind, says, expected, types, arguments
    from (values ('col_is_pk', 'p', 'be a primary key', true), ('col_isnt_pk', 'p', 'be a primary key', false),
      ('col_is_fk', 'f', 'be a foreign key', true), ('col_isnt_fk', 'f', 'be a foreign key', false),
      ('col_is_unique', 'u', 'be unique', true), ('col_has_check', 'c', 'have a check constraint', true)
      ) tests(name, kind, says, expected),
      (values ('nad', 'null, $1, $2, $3'), ('nnad', '$1, $2, $3, $4'), ('nnd', 'null, $1, array[$2], $3'),
        ('nnnd', '$1, $2, array[$3], $4')) forms(types, arguments)
) tests;
create function _tap_reference(schema name, parent name, names name[], to_schema name, to_parent name, to_names name[],
    description text) returns text language sql as $$
  select @extschema@._tap_compare(coalesce(want = any (have), false),
    coalesce(description, format('%s should reference %s', concat_ws('.', $1, $2) || $3::text, $5 || $6::text)),
    coalesce(array_to_string(have, E'\n              '), 'no foreign key'), want)
  from (select format('%s REFERENCES %s', $3, @extschema@._tap_table($4, $5)::regclass || $6::text) as want,
    array(select format('%s REFERENCES %s', array(select attname from unnest(conkey) with ordinality k(number, position)
        join pg_attribute on attrelid = conrelid and attnum = number order by position),
      confrelid::regclass || array(select attname from unnest(confkey) with ordinality k(number, position)
        join pg_attribute on attrelid = confrelid and attnum = number order by position)::text)
      from pg_constraint where contype = 'f' and conrelid = @extschema@._tap_table($1, $2)) as have) keys
$$;
select _tap_define('fk_ok', 'nnannad', 'reference($1, $2, $3, $4, $5, $6, $7)'),
  _tap_define('fk_ok', 'nanad', 'reference(null, $1, $2, null, $3, $4, $5)'),
  _tap_define('fk_ok', 'nnnnnnd', 'reference($1, $2, array[$3], $4, $5, array[$6], $7)'),
  _tap_define('fk_ok', 'nnnnd', 'reference(null, $1, array[$2], null, $3, array[$4], $5)');

-- Indexes. pgTAP takes (schema, table, index) and (table, index, column) alike, both with a description.
create function _tap_index(expected boolean, schema name, parent name, name name, names name[], description text)
  returns text language sql as $$
  select @extschema@._tap_report(expected = (id is not null and (names is null or have = names::text[])),
    coalesce(description, @extschema@._tap_label('index', name) || case when expected then ' should' else ' should not' end
      || ' exist on ' || concat_ws('.', schema, parent)),
    case when id is null then format('    Index "%s" ON %s not found', name, concat_ws('.', schema, parent))
      when names is not null then
        format(E'      have: "%s" ON %s(%s)\n      want: "%1$s" ON %2$s(%4$s)', name, concat_ws('.', schema, parent),
        array_to_string(have, ', '), array_to_string(names, ', ')) end)
  from (select id, array(select pg_get_indexdef(id, number, false) from pg_index, generate_series(1, indnkeyatts) number
      where indexrelid = id order by number) as have
    from (select) one left join @extschema@._tap_find('index', schema, parent, name) id on true) found
$$;
create function _tap_index(expected boolean, one name, two name, three text, description text) returns text
  language sql as $$
  select case
    when exists (select from @extschema@._tap_find('index', null, one, two))
      or not exists (select from pg_namespace where nspname = one) then @extschema@._tap_index(expected, null, one, two,
        case when description is not null then array[three::name] end, coalesce(description, three))
    when exists (select from @extschema@._tap_find('column', one, two, description::name))
      then @extschema@._tap_index(expected, one, two, three::name, array[description::name], null)
    else @extschema@._tap_index(expected, one, two, three::name, null, description) end
$$;
select _tap_define('has_index', 'nnnad', 'index(true, $1, $2, $3, $4, $5)'),
  _tap_define('has_index', 'nnad', 'index(true, null, $1, $2, $3, $4)'),
  _tap_define('has_index', 'nnnnd', 'index(true, $1, $2, $3, array[$4], $5)');
select _tap_define(case when expected then 'has_index' else 'hasnt_index' end, types, format(call, expected))
from unnest(array[true, false]) expected, (values ('nnnt', 'index(%L, $1, $2, $3::text, $4)'),
  ('nnt', 'index(%L, $1, $2, $3, null)'), ('nnn', 'index(%L, $1, $2, $3::text, null)'),
  ('nn', 'index(%L, null, $1, $2, null, null)')) forms(types, call);
create function _tap_index_is(property text, schema name, parent name, name name, description text) returns text
  language sql as $$
  select @extschema@._tap_report(coalesce(case property when 'unique' then indisunique when 'primary' then indisprimary
      else indpred is not null end, false), coalesce(description, @extschema@._tap_label('index', name) || ' should be '
      || property), case when indexrelid is null then format('    Index %s not found', name) end)
  from (select) one left join pg_index on indexrelid = (select @extschema@._tap_find('index', schema, parent, name) limit 1)
$$;
select _tap_define('index_is_' || property, types, format('index_is(%L, %s)', property, arguments))
from unnest(array['unique', 'primary', 'partial']) property, (values ('nnnd', '$1, $2, $3, $4'),
  ('nn', 'null, $1, $2, null'), ('n', 'null, null, $1, null')) forms(types, arguments);
create function _tap_index_type(schema name, parent name, name name, want name, description text) returns text
  language sql as $$
  select @extschema@._tap_compare(have = want, coalesce(description, format('%s should be a %s index',
    @extschema@._tap_label('index', name), want)), have, want)
  from (select (select amname from @extschema@._tap_find('index', schema, parent, name) id
    join pg_class on pg_class.oid = id join pg_am on pg_am.oid = relam limit 1) as have) is_type
$$;
select _tap_define('index_is_type', types, format('index_type(%s)', arguments))
from (values ('nnnnd', '$1, $2, $3, $4, $5'), ('nnn', 'null, $1, $2, $3, null'), ('nn', 'null, null, $1, $2, null')
  ) forms(types, arguments);
create function _tap_indexed(schema name, parent name, names name[], description text) returns text language sql as $$
  select @extschema@._tap_report(exists (select from pg_index where indrelid = @extschema@._tap_table(schema, parent)
      and names::text[] = array(select pg_get_indexdef(indexrelid, number, false)
        from generate_series(1, indnkeyatts) number order by number)),
    coalesce(description, format('%s should be indexed on %s', concat_ws('.', schema, parent), names)), null)
$$;
select _tap_define('is_indexed', types, format('indexed(%s)', arguments))
from (values ('nad', 'null, $1, $2, $3'), ('nnad', '$1, $2, $3, $4'), ('nnd', 'null, $1, array[$2], $3'),
  ('nnnd', '$1, $2, array[$3], $4')) forms(types, arguments);

-- Functions; without arguments, those of any.
create function _tap_functions(schema name, name name, arguments name[]) returns setof pg_proc language sql stable as $$
  select p.* from @extschema@._tap_find('function', schema, null, name) join pg_proc p on p.oid = _tap_find,
    array_remove(arguments, null) given
  where arguments is null or pronargs = cardinality(given) and not exists (
    select from unnest(proargtypes::oid[], given) pair(have, want),
      lateral regexp_replace(want, '^(in|inout|variadic)\s+|\([\d, ]+\)', '', 'gi') as wanted
    where format_type(have, null) <> @extschema@._tap_type(wanted)
      and wanted <> (select typname from pg_type where oid = have))
$$;
create function _tap_signature(schema name, name name, arguments name[]) returns text language sql immutable as $$
  select concat_ws('.', schema, name) || coalesce('(' || array_to_string(arguments, ', ') || ')', '()')
$$;
create function _tap_has_function(expected boolean, schema name, name name, arguments name[], description text)
  returns text language sql as $$
  select @extschema@._tap_report(expected = exists (select from @extschema@._tap_functions(schema, name, arguments)),
    coalesce(description, 'Function ' || @extschema@._tap_signature(schema, name, arguments)
      || case when expected then ' should exist' else ' should not exist' end), null)
$$;
create function _tap_function(property text, expected boolean, schema name, name name, arguments name[],
    description text) returns text language sql as $$
  select @extschema@._tap_report(coalesce(bool_or(has = expected), false),
    coalesce(description, 'Function ' || @extschema@._tap_signature(schema, name, arguments)
      || case when expected then ' should be ' else ' should not be ' end || property),
    case when count(*) = 0 then
      format('    Function %s does not exist', @extschema@._tap_signature(schema, name, arguments)) end)
  from (select case property when 'security definer' then prosecdef when 'strict' then proisstrict
      when 'an aggregate function' then prokind = 'a' when 'a window function' then prokind = 'w'
      when 'a procedure' then prokind = 'p' else prokind = 'f' end as has
    from @extschema@._tap_functions(schema, name, arguments)) found
$$;
create function _tap_function_value(property text, schema name, name name, arguments name[], want text,
    description text) returns text language sql as $$
  select case when have = '{}' then @extschema@._tap_report(false, said, format('    Function %s does not exist', signature))
    else @extschema@._tap_compare(wanted = any (have), said, array_to_string(have, ', '), wanted) end
  from @extschema@._tap_signature(schema, name, arguments) signature,
    lateral coalesce(description, format('Function %s should %s %s', signature, property, want)) said,
    lateral (select array(select case property
        when 'return' then case when proretset then 'setof ' else '' end
          || case when prokind = 'p' then 'void' else format_type(prorettype, null) end
        when 'be written in' then (select lanname::text from pg_language l where l.oid = prolang)
        else case provolatile when 'i' then 'IMMUTABLE' when 's' then 'STABLE' else 'VOLATILE' end end
      from @extschema@._tap_functions(schema, name, arguments))) haves(have),
    lateral (select case property
        when 'return' then coalesce(substring(want, '(?i)^setof '), '')
          || @extschema@._tap_type(regexp_replace(want, '^setof ', '', 'i'))
        when 'be written in' then want
        else case left(lower(want), 1) when 'i' then 'IMMUTABLE' when 's' then 'STABLE' else 'VOLATILE' end end
      ) wants(wanted)
$$;
select _tap_define(name, types, format('has_function(%L, %s)', name = 'has_function', arguments))
from unnest(array['has_function', 'hasnt_function']) name, (values ('nd', 'null, $1, null, $2'),
  ('nad', 'null, $1, $2, $3'), ('nnd', '$1, $2, null, $3'), ('nnad', '$1, $2, $3, $4')) forms(types, arguments);
select _tap_define(prefix || name, types, format('function(%L, %L, %s)', property, prefix = 'is_', arguments))
from (values ('definer', 'security definer'), ('strict', 'strict'), ('aggregate', 'an aggregate function'),
    ('window', 'a window function'), ('procedure', 'a procedure'), ('normal_function', 'a normal function')
    ) tests(name, property), unnest(array['is_', 'isnt_']) prefix,
  (values ('nd', 'null, $1, null, $2'), ('nad', 'null, $1, $2, $3'), ('nnd', '$1, $2, null, $3'),
    ('nnad', '$1, $2, $3, $4')) forms(types, arguments);
select _tap_define(name, format(types, type), format('function_value(%L, %s)', property, arguments))
from (values ('function_returns', 'return', 't'), ('function_lang_is', 'be written in', 'n'),
    ('volatility_is', 'be', 't')) tests(name, property, type),
  (values ('n%sd', 'null, $1, null, $2, $3'), ('na%sd', 'null, $1, $2, $3, $4'), ('nn%sd', '$1, $2, null, $3, $4'),
    ('nna%sd', '$1, $2, $3, $4, $5')) forms(types, arguments);
create function _tap_can(schema name, names name[], description text) returns text language sql as $$
  select @extschema@._tap_diff(array(select unnest(names) intersect select proname
      from unnest(names) wanted, @extschema@._tap_functions(schema, wanted, null)), names, 'functions',
    coalesce(description, coalesce('Schema ' || schema, 'Schemas of the search path') || ' can'))
$$;
select _tap_define('can', 'nad', 'can($1, $2, $3)'), _tap_define('can', 'ad', 'can(null, $1, $2)');

create function _tap_trigger(schema name, parent name, name name, to_schema name, to_name name, description text)
  returns text language sql as $$
  select @extschema@._tap_compare(coalesce(p.oid in (select @extschema@._tap_find('function', to_schema, null, to_name)),
      false), coalesce(description, format('Trigger %s should call %s()', name, to_name)), p.oid::regproc::text, to_name)
  from (select) one left join @extschema@._tap_find('trigger', schema, parent, name) t on true
    left join pg_trigger on pg_trigger.oid = t left join pg_proc p on p.oid = tgfoid
$$;
select _tap_define('trigger_is', 'nnnnnd', 'trigger($1, $2, $3, $4, $5, $6)'),
  _tap_define('trigger_is', 'nnnd', 'trigger(null, $1, $2, null, $3, $4)');

create function _tap_labels(schema name, name name, want name[], description text) returns text language sql as $$
  select @extschema@._tap_compare(have = want::text[], coalesce(description, format('Enum %s should have labels (%s)',
    concat_ws('.', schema, name), array_to_string(want, ', '))), have::text, want::text)
  from (select array(select enumlabel::text from pg_enum
    where enumtypid in (select @extschema@._tap_find('enum', schema, null, name)) order by enumsortorder) as have) labels
$$;
select _tap_define('enum_has_labels', 'nnad', 'labels($1, $2, $3, $4)'),
  _tap_define('enum_has_labels', 'nad', 'labels(null, $1, $2, $3)');
create function _tap_domain(schema name, name name, want text, description text) returns text language sql as $$
  select @extschema@._tap_compare(have = @extschema@._tap_type(want), coalesce(description,
    @extschema@._tap_label('domain', schema, name) || ' should extend type ' || want), have, want)
  from (select (select format_type(typbasetype, typtypmod) from pg_type
    where oid in (select @extschema@._tap_find('domain', schema, null, name))) as have) is_type
$$;
select _tap_define('domain_type_is', 'nnntd', 'domain($1, $2, quote_ident($3) || ''.'' || $4, $5)'),
  _tap_define('domain_type_is', 'nntd', 'domain($1, $2, $3, $4)'),
  _tap_define('domain_type_is', 'ntd', 'domain(null, $1, $2, $3)');

-- Roles and policies.
create function _tap_members(role name, names name[], expected boolean, description text) returns text language sql as $$
  select @extschema@._tap_diff(array(select unnest(have) intersect select unnest(names)),
      case when expected then names else '{}' end, 'members',
    coalesce(description, case when expected then 'Should have' else 'Should not have' end || ' members of role ' || role))
  from (select array(select m.rolname from pg_auth_members a join pg_roles m on m.oid = a.member
    join pg_roles r on r.oid = a.roleid where r.rolname = role) as have) found
$$;
select _tap_define(name, types, format(call, name = 'is_member_of'))
from unnest(array['is_member_of', 'isnt_member_of']) name,
  (values ('nad', 'members($1, $2, %L, $3)'), ('nnd', 'members($1, array[$2], %L, $3)')) forms(types, call);
create function _tap_superuser(role name, expected boolean, description text) returns text language sql as $$
  select @extschema@._tap_report(exists (select from pg_roles where rolname = role and rolsuper = expected),
    coalesce(description, 'User ' || role || case when expected then ' should' else ' should not' end
      || ' be a super user'), null)
$$;
select _tap_define('is_superuser', 'nd', 'superuser($1, true, $2)'),
  _tap_define('isnt_superuser', 'nd', 'superuser($1, false, $2)');

create function _tap_policy(schema name, parent name, name name) returns setof pg_policy language sql stable as $$
  select p.* from pg_policy p join @extschema@._tap_find('policy', schema, parent, name) id on id = p.oid
$$;
create function _tap_policy_roles(schema name, parent name, name name, want name[], description text) returns text
  language sql as $$
  select @extschema@._tap_diff(array(select coalesce(r.rolname, 'public')
      from @extschema@._tap_policy(schema, parent, name), unnest(polroles) role left join pg_roles r on r.oid = role),
    want, 'policy roles', coalesce(description, format('Policy %s for table %s should have the correct roles',
      name, concat_ws('.', schema, parent))))
$$;
create function _tap_policy_cmd(schema name, parent name, name name, want text, description text) returns text
  language sql as $$
  select @extschema@._tap_compare(have = upper(want), coalesce(description, format(
    'Policy %s for table %s should apply to %s command', name, concat_ws('.', schema, parent), upper(want))),
    have, upper(want))
  from (select (select case polcmd when 'r' then 'SELECT' when 'a' then 'INSERT' when 'w' then 'UPDATE'
    when 'd' then 'DELETE' else 'ALL' end from @extschema@._tap_policy(schema, parent, name)) as have) command
$$;
select _tap_define('policy_roles_are', 'nnnad', 'policy_roles($1, $2, $3, $4, $5)'),
  _tap_define('policy_roles_are', 'nnad', 'policy_roles(null, $1, $2, $3, $4)'),
  _tap_define('policy_cmd_is', 'nnntd', 'policy_cmd($1, $2, $3, $4, $5)'),
  _tap_define('policy_cmd_is', 'nntd', 'policy_cmd(null, $1, $2, $3, $4)');

-- Privileges and owners.
create function _tap_privileges(kind text, object text, id oid, role name, every text[], want name[], description text,
    part name default null) returns text language plpgsql as $$
declare
  have text[];
  said text := coalesce(description, format('Role %s should be granted %s on %s %s', role,
    coalesce(nullif(array_to_string(want, ', '), ''), 'no privileges'), replace(kind, '_', ' '), object));
begin
  if id is null then
    return @extschema@._tap_report(false, said, format('    %s does not exist', @extschema@._tap_label(kind, object)));
  elsif not exists (select from pg_roles where rolname = role) then
    return @extschema@._tap_report(false, said, format('    Role %s does not exist', role));
  end if;
  execute format('select array(select p from unnest($1) p where has_%s_privilege($2, $3, %s p))', kind,
    case when part is not null then quote_literal(part) || ',' end) into have using every, role, id;
  return @extschema@._tap_diff(have, array(select upper(name) from unnest(want) name), 'privileges', said);
end $$;
select _tap_define(kind || '_privs_are', types, format('privileges(%L, %s, (select @extschema@._tap_find(%L, %s, null, %s)
    limit 1), %s, %L, %s)', kind, label, object, schema, name, role, privileges, rest))
from (values ('table', 'relation', '{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}'),
    ('sequence', 'sequence', '{USAGE,SELECT,UPDATE}'),
    ('schema', 'schema', '{CREATE,USAGE}'), ('language', 'language', '{USAGE}'),
    ('database', 'database', '{CREATE,CONNECT,TEMPORARY}'),
    ('any_column', 'relation', '{SELECT,INSERT,UPDATE,REFERENCES}'),
    ('column', 'relation', '{SELECT,INSERT,UPDATE,REFERENCES}')
    ) kinds(kind, object, privileges),
  (values ('nnad', '$1', 'null', '$1', '$2', '$3, $4', 2), ('nnnad', '$1 || ''.'' || $2', '$1', '$2', '$3', '$4, $5', 1),
    ('nnnad', '$1', 'null', '$1', '$3', '$4, $5, $2', 3),
    ('nnnnad', '$1 || ''.'' || $2', '$1', '$2', '$4', '$5, $6, $3', 3)) forms(types, label, schema, name, role, rest, form)
where case when kind = 'column' then form = 3
  when kind in ('schema', 'language', 'database') then form = 2 else form < 3 end;
select _tap_define('function_privs_are', types, format('privileges(''function'', @extschema@._tap_signature(%1$s),
    (select oid from @extschema@._tap_functions(%1$s) limit 1), %2$s, ''{EXECUTE}'', %3$s)', signature, role, rest))
from (values ('nanad', 'null, $1, $2', '$3', '$4, $5'), ('nnanad', '$1, $2, $3', '$4', '$5, $6')
  ) forms(types, signature, role, rest);
create function _tap_owner(label text, owner oid, want name, description text) returns text language sql as $$
  select @extschema@._tap_compare(coalesce(owner = (select oid from pg_roles where rolname = want), false),
    coalesce(description, format('%s should be owned by %s', label, want)),
    coalesce(pg_get_userbyid(owner)::text, label || ' does not exist'), want)
$$;
select _tap_define(replace(kind, ' ', '_') || '_owner_is', types, format(
  'owner(@extschema@._tap_label(%1$L, %2$s), (select owner
    from @extschema@._tap_objects(%1$L) o join @extschema@._tap_find(%1$L, %3$s) found on o.id = found limit 1),
    %4$s)', kind, label, path, rest))
from unnest(array['schema', 'relation', 'table', 'view', 'materialized view', 'sequence', 'foreign table', 'type']) kind,
  (values ('nnd', '$1', 'null, null, $1', '$2, $3'), ('nnnd', '$1, $2', '$1, null, $2', '$3, $4')
    ) forms(types, label, path, rest)
where kind <> 'schema' or types = 'nnd';
select _tap_define('function_owner_is', types, format('owner(''Function '' || @extschema@._tap_signature(%1$s),
    (select proowner from @extschema@._tap_functions(%1$s) limit 1), %2$s)', signature, rest))
from (values ('nand', 'null, $1, $2', '$3, $4'), ('nnand', '$1, $2, $3', '$4, $5')) forms(types, signature, rest);
drop function _tap_define(text, text, text);
