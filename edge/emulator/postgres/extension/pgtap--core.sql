-- The functions of pgTAP that tests use most, written after its documentation. Counters are temporary
-- sequences: every role may use them, and `rollback to savepoint` does not set them back.

create function _tap_count(counter text, change int) returns int language plpgsql as $$
declare
  sequence text := 'pg_temp.tap_' || counter;
  value int;
begin
  if coalesce(current_setting('edge_tap.plan', true), '') = '' or to_regclass(sequence) is null then
    raise exception 'there is no plan: call plan(N) or no_plan() before the first test';
  end if;
  execute 'select last_value from ' || sequence into value;
  return setval(sequence::regclass, value + change);
end $$;

create function _tap_begin(planned text) returns void language plpgsql as $$
declare counter text;
begin
  if current_setting('edge_tap.plan', true) <> '' then
    raise exception 'there is a plan already: call finish() before the next';
  end if;
  foreach counter in array array['tap_ran', 'tap_failed'] loop
    if to_regclass('pg_temp.' || counter) is null then
      execute format('create temporary sequence %I minvalue 0', counter);
      execute format('grant all on sequence pg_temp.%I to public', counter);
    end if;
    perform setval(('pg_temp.' || counter)::regclass, 0);
  end loop;
  perform set_config('edge_tap.plan', planned, false), set_config('edge_tap.todo', '[]', false);
end $$;

create function plan(tests bigint) returns text language sql as $$
  select @extschema@._tap_begin(tests::text);
  select '1..' || tests;
$$;
create function no_plan() returns setof boolean language plpgsql as $$
begin
  perform @extschema@._tap_begin('none');
end $$;
create function num_failed() returns int language sql as $$ select @extschema@._tap_count('failed', 0) $$;

create function finish(exception_on_failure boolean default null) returns setof text
  language plpgsql as $$
declare
  ran int := @extschema@._tap_count('ran', 0);
  failed int := @extschema@._tap_count('failed', 0);
  planned text := current_setting('edge_tap.plan');
begin
  perform set_config('edge_tap.plan', '', false);
  if planned = 'none' then
    return next '1..' || ran;
  elsif planned <> ran::text then
    return next format('# Looks like you planned %s test%s but ran %s',
      planned, case when planned <> '1' then 's' end, ran);
  end if;
  if failed > 0 then
    return next format('# Looks like you failed %s test%s of %s',
      failed, case when failed <> 1 then 's' end, ran);
  end if;
  if exception_on_failure and (failed > 0 or planned not in ('none', ran::text)) then
    raise exception '% of % tests failed, % planned', failed, ran, planned;
  end if;
end $$;

create function diag(message text) returns text language sql as
  $$ select '# ' || regexp_replace(message, '\r\n?|\n', E'\n# ', 'g') $$;
create function diag(message anyelement) returns text language sql as
  $$ select @extschema@.diag(message::text) $$;
create function diag(variadic messages text[]) returns text language sql as
  $$ select @extschema@.diag(array_to_string(messages, '')) $$;
create function diag(variadic messages anyarray) returns text language sql as
  $$ select @extschema@.diag(array_to_string(messages, '')) $$;
create function collect_tap(variadic lines text[]) returns text language sql as
  $$ select array_to_string(lines, E'\n') $$;

-- Tests that are expected to fail: a stack of reasons, each for a number of tests or until todo_end().
create function _tap_todo() returns jsonb language sql as
  $$ select coalesce(nullif(current_setting('edge_tap.todo', true), ''), '[]')::jsonb $$;
create function _tap_take_todo() returns text language plpgsql as $$
declare
  stack jsonb := @extschema@._tap_todo();
  tests int := stack -> -1 ->> 'tests';
begin
  perform set_config('edge_tap.todo', case when tests > 1
    then jsonb_set(stack, '{-1,tests}', to_jsonb(tests - 1)) else stack - (-1) end::text, false)
  where tests is not null;
  return stack -> -1 ->> 'why';
end $$;
create function todo(why text, how_many int) returns setof boolean language plpgsql as $$
begin
  perform set_config('edge_tap.todo', (@extschema@._tap_todo()
    || jsonb_build_object('why', coalesce(why, ''), 'tests', how_many))::text, false);
end $$;
create function todo(how_many int, why text) returns setof boolean language sql as
  $$ select @extschema@.todo(why, how_many) $$;
create function todo(why text) returns setof boolean language sql as
  $$ select @extschema@.todo(why, 1) $$;
create function todo(how_many int) returns setof boolean language sql as
  $$ select @extschema@.todo('', how_many) $$;
create function todo_start(why text default '') returns setof boolean language sql as
  $$ select @extschema@.todo(why, null::int) $$;
create function in_todo() returns boolean language sql as
  $$ select jsonb_array_length(@extschema@._tap_todo()) > 0 $$;
create function todo_end() returns setof boolean language plpgsql as $$
declare stack jsonb := @extschema@._tap_todo();
begin
  if stack -> -1 -> 'tests' is distinct from 'null' then
    raise exception 'todo_end() was called without todo_start()';
  end if;
  perform set_config('edge_tap.todo', (stack - (-1))::text, false);
end $$;

create function ok(passed boolean, description text default null) returns text language plpgsql as $$
declare
  number int := @extschema@._tap_count('ran', 1);
  todo text := @extschema@._tap_take_todo();
  line text := number || coalesce(' - ' || nullif(
    regexp_replace(replace(description, '#', '\#'), '\s*[\r\n]+\s*', ' ', 'g'), ''), '');
begin
  line := case when passed then 'ok ' else 'not ok ' end || line || coalesce(' # TODO ' || todo, '');
  if passed then
    return line;
  elsif todo is null then
    perform @extschema@._tap_count('failed', 1);
  end if;
  return concat_ws(E'\n', line, @extschema@.diag('Failed ' || case when todo is null then '' else '(TODO) ' end
    || 'test ' || number || coalesce(': "' || nullif(description, '') || '"', '')),
    case when passed is null then '#     (test result was NULL)' end);
end $$;
create function pass(description text default null) returns text language sql as
  $$ select @extschema@.ok(true, description) $$;
create function fail(description text default null) returns text language sql as
  $$ select @extschema@.ok(false, description) $$;
create function skip(why text, how_many int) returns text language sql as $$
  select string_agg('ok ' || @extschema@._tap_count('ran', 1) || coalesce(' # SKIP ' || why, ' # SKIP'), E'\n')
  from generate_series(1, how_many)
$$;
create function skip(how_many int, why text) returns text language sql as
  $$ select @extschema@.skip(why, how_many) $$;
create function skip(why text) returns text language sql as $$ select @extschema@.skip(why, 1) $$;
create function skip(how_many int) returns text language sql as
  $$ select @extschema@.skip(null, how_many) $$;

-- What all other tests report with: details are shown only of failures.
create function _tap_report(passed boolean, description text, details text) returns text
  language sql as $$
  select concat_ws(E'\n', line, case when line like 'not%' then @extschema@.diag(details) end)
  from (select @extschema@.ok(passed, description) as line) result
$$;
create function _tap_compare(passed boolean, description text, have text, want text) returns text
  language sql as $$
  select @extschema@._tap_report(coalesce(passed, false), description, format(
    E'        have: %s\n        want: %s', coalesce(have, 'NULL'), coalesce(want, 'NULL')))
$$;
-- NULL is no name: array[null] is how projects write "none".
create function _tap_diff(have text[], want text[], noun text, description text) returns text
  language sql as $$
  with extra as (select unnest(array_remove(have, null)) as name except select unnest(want)),
    missing as (select unnest(array_remove(want, null)) as name except select unnest(have))
  select @extschema@._tap_report(not exists (table extra) and not exists (table missing), description,
    concat_ws(E'\n',
      (select format(E'    Extra %s:\n        %s', noun, string_agg(name, E'\n        ' order by name))
        from extra having count(*) > 0),
      (select format(E'    Missing %s:\n        %s', noun, string_agg(name, E'\n        ' order by name))
        from missing having count(*) > 0)))
$$;

-- Defines a test in SQL. Types: n name, a name[], t text, d text that may be left out.
create function _tap_define(name text, types text, call text) returns void language plpgsql as $$
begin
  execute format('create function %I(%s) returns text language sql as %L', name,
    (select string_agg(case kind when 'n' then 'name' when 'a' then 'name[]' when 't' then 'text'
      when 'd' then 'text default null' else kind end, ', ' order by position)
      from regexp_split_to_table(types, case when types ~ ' ' then ' ' else '' end)
        with ordinality as part(kind, position)),
    'select @extschema@._tap_' || call);
end $$;

create function is(have anyelement, want anyelement, description text default null) returns text
  language sql as $$
  select @extschema@._tap_compare(have is not distinct from want, description, have::text, want::text)
$$;
create function isnt(have anyelement, want anyelement, description text default null) returns text
  language sql as $$
  select @extschema@._tap_compare(have is distinct from want, description, have::text, 'anything else')
$$;
create function isa_ok(have anyelement, type regtype, name text default 'the value') returns text
  language sql as $$
  select @extschema@._tap_report(pg_typeof(have) = type, name || ' isa ' || type::text,
    format('    %s isn''t a "%s" it''s a "%s"', name, type, pg_typeof(have)))
$$;
create function cmp_ok(have anyelement, operator text, want anyelement, description text default null)
  returns text language plpgsql as $$
declare result boolean;
begin
  execute format('select $1 %s $2', operator) into result using have, want;
  return @extschema@._tap_report(result, description,
    format(E'    %s\n        %s\n    %s', quote_nullable(have), operator, quote_nullable(want)));
end $$;
select _tap_define(name, 'anyelement text d', format($f$report($1::text %s $2, $3,
  format(E'    %%L\n    %s: %%L', $1::text, $2))$f$, operator, says))
from (values ('matches', '~', 'doesn''''t match'), ('imatches', '~*', 'doesn''''t match'),
  ('doesnt_match', '!~', 'matches'), ('doesnt_imatch', '!~*', 'matches'),
  ('alike', '~~', 'doesn''''t match'), ('ialike', '~~*', 'doesn''''t match'),
  ('unalike', '!~~', 'matches'), ('unialike', '!~~*', 'matches')) tests(name, operator, says);

-- A statement, or the name of a prepared one.
create function _tap_query(sql text) returns text language sql as $$
  select case when sql ~ '^\s*"' or sql !~ '[\s(;]' then 'execute ' || sql
    else regexp_replace(sql, '[;\s]+$', '') end
$$;
create function _tap_catch(sql text, out code text, out message text) language plpgsql as $$
begin
  execute @extschema@._tap_query(sql);
exception when others or assert_failure then
  code := sqlstate;
  message := sqlerrm;
end $$;
create function throws_ok(sql text, code text, message text, description text) returns text
  language sql as $$
  select @extschema@._tap_report(
    caught.code is not null and ($2 is null or caught.code = $2) and ($3 is null or caught.message = $3),
    coalesce($4, 'Should throw ' || coalesce($2, 'an exception')),
    format(E'      caught: %s\n      wanted: %s',
      coalesce(caught.code || ': ' || caught.message, 'no exception'),
      coalesce(nullif(concat_ws(': ', $2, $3), ''), 'an exception')))
  from @extschema@._tap_catch(sql) caught
$$;
create function throws_ok(sql text, code_or_message text default null, more text default null)
  returns text language sql as $$
  select case when octet_length($2) = 5 then @extschema@.throws_ok(sql, $2, $3, null)
    else @extschema@.throws_ok(sql, null, $2, $3) end
$$;
create function throws_ok(sql text, code int, message text default null, description text default null)
  returns text language sql as $$ select @extschema@.throws_ok(sql, $2::text, $3, $4) $$;
create function _tap_throws(sql text, operator text, pattern text, description text) returns text
  language plpgsql as $$
declare
  message text := (select caught.message from @extschema@._tap_catch(sql) caught);
  passed boolean;
begin
  execute format('select $1 %s $2', operator) into passed using message, pattern;
  return @extschema@._tap_report(coalesce(passed, false),
    coalesce(description, 'Should throw an exception that matches'),
    coalesce(format(E'    error message: %L\n    doesn''t match: %L', message, pattern)));
end $$;
select _tap_define('throws_' || name, 'ttd', format('throws($1, %L, $2, $3)', operator))
from (values ('like', '~~'), ('ilike', '~~*'), ('matching', '~'), ('imatching', '~*')) tests(name, operator);
create function lives_ok(sql text, description text default null) returns text language sql as $$
  select @extschema@._tap_report(code is null, description, format('        died: %s: %s', code, message))
  from @extschema@._tap_catch(sql)
$$;
create function performs_ok(sql text, milliseconds numeric, description text default null) returns text
  language plpgsql as $$
declare
  started timestamptz := clock_timestamp();
  took numeric;
begin
  execute @extschema@._tap_query(sql);
  took := round(extract(epoch from clock_timestamp() - started) * 1000, 3);
  return @extschema@._tap_report(took <= milliseconds,
    coalesce(description, format('Should run in less than %s ms', milliseconds)),
    format(E'      runtime: %s ms\n      exceeds: %s ms', took, milliseconds));
end $$;

-- Rows in order.
create function _tap_open(sql text) returns refcursor language plpgsql as $$
declare opened refcursor;
begin
  open opened for execute @extschema@._tap_query(sql);
  return opened;
end $$;
create function _tap_open(rows anyarray) returns refcursor language plpgsql as $$
declare opened refcursor;
begin
  open opened for select unnest(rows);
  return opened;
end $$;
create function _tap_open(rows refcursor) returns refcursor language sql as $$ select rows $$;
create function _tap_differ(have refcursor, want refcursor) returns text language plpgsql as $$
declare
  here record; there record;
  is_here boolean; is_there boolean;
  difference text;
begin
  for number in 1 .. 2147483646 loop
    fetch have into here;
    is_here := found;
    fetch want into there;
    is_there := found;
    exit when not (is_here or is_there);
    difference := format(E'        have: %s\n        want: %s', case when is_here then here::text else 'NULL' end,
      case when is_there then there::text else 'NULL' end);
    if is_here <> is_there or here is distinct from there then
      return format(E'    Results differ beginning at row %s:\n', number) || difference;
    end if;
  end loop;
  return null;
exception when datatype_mismatch then
  return E'    Number of columns or their types differ between the queries:\n' || difference;
end $$;
create function _tap_rows(have refcursor, want refcursor, equal boolean, description text) returns text
  language plpgsql as $$
declare difference text := @extschema@._tap_differ(have, want);
begin
  if have::text like '<unnamed portal%' then close have; end if;
  if want::text like '<unnamed portal%' then close want; end if;
  return @extschema@._tap_report(equal = (difference is null), description, difference);
end $$;
select _tap_define(name, format('%s %s d', have, want),
  format('rows(@extschema@._tap_open($1), @extschema@._tap_open($2), %L, $3)', equal))
from (values ('results_eq', true), ('results_ne', false)) tests(name, equal),
  unnest(array['text', 'refcursor']) have, unnest(array['text', 'anyarray', 'refcursor']) want;

-- Rows in any order: as sets, or (with `all`) as bags.
create function _tap_source(sql text, name text) returns text language plpgsql as $$
declare body text := @extschema@._tap_query(sql);
begin
  if body !~* '^\s*execute\s' then
    return body;
  end if;
  execute format('create temporary table %I as %s', name, body); -- EXECUTE is not for `with`
  return 'table pg_temp.' || name;
end $$;
create function _tap_source(rows anyarray, name text) returns text language sql as
  $$ select format('select unnest(%L::%s)', rows, pg_typeof(rows)) $$;
create function _tap_drop() returns void language plpgsql as $$
declare name text;
begin
  foreach name in array array['pg_temp.tap_have', 'pg_temp.tap_want'] loop
    if to_regclass(name) is not null then
      execute 'drop table ' || name;
    end if;
  end loop;
end $$;
create function _tap_sets(have text, want text, test text, quantity text, description text) returns text
  language plpgsql as $$
declare
  extra text[];
  missing text[];
begin
  execute format($f$
    with _tap_one as (%s
    ), _tap_two as (%s
    ) select array(select _tap_row::text from (table _tap_one %s %s table _tap_two) _tap_row order by 1),
      array(select _tap_row::text from (table _tap_two except %4$s table _tap_one) _tap_row order by 1)
  $f$, have, want, case test when 'hasnt' then 'intersect' else 'except' end, quantity)
  into extra, missing;
  perform @extschema@._tap_drop();
  if test in ('eq', 'ne') then
    return case when test = 'eq' then @extschema@._tap_diff(extra, missing, 'records', description)
      else @extschema@.ok(cardinality(extra || missing) > 0, description) end;
  end if;
  return case test when 'has' then @extschema@._tap_diff(null, missing, 'records', description)
    else @extschema@._tap_diff(extra, null, 'records', description) end;
exception when datatype_mismatch or syntax_error then
  perform @extschema@._tap_drop();
  if sqlstate = '42601' and sqlerrm not like 'each % query must have the same number of columns' then
    raise;
  end if;
  return @extschema@._tap_report(test in ('ne', 'hasnt'), description,
    E'    Columns differ between queries:\n        ' || sqlerrm);
end $$;
select _tap_define(kind || '_' || test, format('text %s d', want),
  format('sets(@extschema@._tap_source($1, ''tap_have''), @extschema@._tap_source($2, ''tap_want''), %L, %L, $3)',
    test, quantity))
from (values ('set', ''), ('bag', 'all')) kinds(kind, quantity),
  unnest(array['eq', 'ne', 'has', 'hasnt']) test, unnest(array['text', 'anyarray']) want
where want = 'text' or test in ('eq', 'ne');

create function _tap_empty(sql text, expected boolean, description text) returns text
  language plpgsql as $$
declare
  rows refcursor := @extschema@._tap_open(sql);
  line record;
  lines text[] := '{}';
begin
  loop
    fetch rows into line;
    exit when not found or cardinality(lines) = 100;
    lines := lines || ('        ' || line::text);
  end loop;
  close rows;
  return @extschema@._tap_report(expected = (lines = '{}'), description, case when expected
    then E'    Records returned:\n' || array_to_string(lines, E'\n') end);
end $$;
select _tap_define('is_empty', 'td', 'empty($1, true, $2)'), _tap_define('isnt_empty', 'td', 'empty($1, false, $2)');
create function row_eq(sql text, want anyelement, description text default null) returns text
  language plpgsql as $$
declare have record;
begin
  execute @extschema@._tap_query(sql) into have;
  return @extschema@._tap_compare(have is not distinct from want, description, have::text, want::text);
exception when datatype_mismatch then
  return @extschema@._tap_compare(false, description, have::text, want::text);
end $$;

-- Tests of tests: what a test printed is not counted, what check_test() says of it is.
create function check_test(output text, is_ok boolean, name text default null, want_description text default null,
    want_diag text default null, match_diag boolean default false) returns setof text language plpgsql as $$
declare
  parts text[] := regexp_match(output, '^(not )?ok \d+(?: - ([^\n]*?))?( # TODO[^\n]*)?(?:\n(.*))?$');
  said text := coalesce(name, 'Test');
  details text := regexp_replace(regexp_replace(parts[4], '^# Failed[^\n]*\n?', ''), '^# ?', '', 'gn');
begin
  perform @extschema@._tap_count('ran', -1),
    @extschema@._tap_count('failed', case when parts[1] is null or parts[3] is not null then 0 else -1 end);
  return next @extschema@.is(parts[1] is null, is_ok, said || ' should ' || case when is_ok then 'pass' else 'fail' end);
  if want_description is not null then
    return next @extschema@.is(coalesce(parts[2], ''), want_description, said || ' should have the proper description');
  end if;
  if want_diag is not null then
    return next case when match_diag
      then @extschema@.matches(coalesce(details, ''), want_diag, said || ' should have the proper diagnostics')
      else @extschema@.is(coalesce(details, ''), want_diag, said || ' should have the proper diagnostics') end;
  end if;
end $$;

-- Functions that are tests. Each is a subtest, counted by itself and rolled back.
create function findfuncs(schema name, pattern text, exclude text default null) returns text[] language sql stable as $$
  select array(select distinct format('%I.%I', nspname, proname) from pg_proc join pg_namespace n on n.oid = pronamespace
    where pronargs = 0 and proname ~ pattern and coalesce(proname !~ exclude, true) and case when schema is not null
      then nspname = schema else pg_function_is_visible(pg_proc.oid) and nspname <> 'pg_catalog' end order by 1)
$$;
create function findfuncs(pattern text, exclude text default null) returns text[] language sql stable as
  $$ select @extschema@.findfuncs(null, pattern, exclude) $$;
create function _tap_call(functions text[]) returns setof text language plpgsql as $$
declare function text;
begin
  foreach function in array functions loop
    return query execute format('select result::text from %s() result', function);
  end loop;
end $$;
create function runtests(schema name, pattern text) returns setof text language plpgsql as $$
declare
  function text; lines text[]; line text; died text;
  ran int; failed int;
begin
  perform @extschema@._tap_begin('none');
  return query select @extschema@._tap_call(@extschema@.findfuncs(schema, '^startup'));
  foreach function in array @extschema@.findfuncs(schema, pattern, '^(startup|shutdown|setup|teardown)') loop
    ran := @extschema@._tap_count('ran', 0);
    failed := @extschema@._tap_count('failed', 0);
    perform @extschema@._tap_count('ran', -ran), @extschema@._tap_count('failed', -failed);
    died := null;
    lines := '{}';
    begin
      for line in select @extschema@._tap_call(@extschema@.findfuncs(schema, '^setup') || function
          || @extschema@.findfuncs(schema, '^teardown')) loop
        lines := lines || line;
      end loop;
      raise exception using errcode = 'TAP00'; -- takes back what the test has done
    exception when sqlstate 'TAP00' then
    when others then
      died := format('# Test died: %s: %s', sqlstate, sqlerrm);
    end;
    lines := lines || died || ('1..' || @extschema@._tap_count('ran', 0));
    return next format('# Subtest: %s()', function);
    return next regexp_replace(array_to_string(lines, E'\n'), '^', '    ', 'gn');
    line := case when died is null and @extschema@._tap_count('failed', 0) = 0 then 'passed' else 'failed' end;
    perform @extschema@._tap_count('ran', ran - @extschema@._tap_count('ran', 0)),
      @extschema@._tap_count('failed', failed - @extschema@._tap_count('failed', 0));
    return next @extschema@.ok(line = 'passed', function || '()');
  end loop;
  return query select @extschema@._tap_call(@extschema@.findfuncs(schema, '^shutdown'));
  return query select @extschema@.finish();
end $$;
create function runtests(schema name) returns setof text language sql as $$ select @extschema@.runtests(schema, '^test') $$;
create function runtests(pattern text default '^test') returns setof text language sql as
  $$ select @extschema@.runtests(null, pattern) $$;

create function pgtap_version() returns numeric language sql immutable as $$ select 1.3 $$;
create function pg_version() returns text language sql stable as $$ select current_setting('server_version') $$;
create function pg_version_num() returns int language sql stable as $$ select current_setting('server_version_num')::int $$;
