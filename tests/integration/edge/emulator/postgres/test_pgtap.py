"""The pgTAP stand-in: which calls pass and which fail, and what they print."""

from collections.abc import Iterator

import psycopg
import pytest

from edge.emulator.postgres.cluster import Cluster

_SCHEMA = """
create schema shop;
create type shop.state as enum ('new', 'sent');
create domain shop.price as numeric(10,2) check (value >= 0);
create table shop.users (id uuid primary key default gen_random_uuid(), name text not null
  default 'ann', email varchar(80) unique, age int default 18,
  joined timestamptz default now(), check (age > 0));
create table shop.orders (user_id uuid references shop.users (id), number int,
  state shop.state default 'new', primary key (user_id, number));
create table shop.rows (n int, word text);
insert into shop.rows values (1, 'one'), (2, 'two'), (2, 'two');
create index orders_state on shop.orders (state, lower(number::text));
create unique index orders_new on shop.orders (user_id) where state = 'new';
create view shop.recent as select * from shop.orders;
create materialized view shop.totals as select 1 as n;
create sequence shop.numbers;
create function shop.add(a int, b int default 0) returns int
  language sql immutable strict as 'select a + b';
create function shop.touch() returns trigger
  language plpgsql security definer as 'begin return new; end';
create function shop.words() returns setof text language sql stable as $$ values ('a'), ('b') $$;
create procedure shop.clean() language sql as '';
create trigger touched before update on shop.orders for each row execute function shop.touch();
alter table shop.orders enable row level security;
create policy mine on shop.orders for select to authenticated, anon using (true);
create policy all_of_them on shop.orders using (true);
revoke all on shop.users, shop.numbers from anon, authenticated;
revoke all on function shop.add from public, anon, authenticated;
grant usage on schema shop to anon, authenticated;
grant select, insert on shop.users to authenticated;
grant update (word) on shop.rows to anon;
grant execute on function shop.add to authenticated;
prepare evens as select 2 as n;
prepare above(int) as select n from shop.rows where n > $1;
set local search_path = public, extensions;
"""

_PASSING = """
ok(true)
ok(2 > 1, 'with a description')
is(1, 1)
is(null::int, null)
is('a'::text, 'a', 'text')
is(row(1, true), row(1, true))
isnt(1, 2)
isnt(1, null)
pass()
pass('x')
matches('abc'::text, '^a')
imatches('abc'::text, '^A', 'd')
doesnt_match('abc'::text, '^b')
doesnt_imatch('abc'::text, '^B')
alike('abc'::text, 'a%')
ialike('abc'::text, 'A%')
unalike('abc'::text, 'b%')
unialike('abc'::text, 'B%')
cmp_ok(2, '>', 1)
cmp_ok(array[1], '<@', array[1, 2], 'd')
isa_ok(1, 'integer')
isa_ok('{}'::jsonb, 'jsonb', 'an object')
skip('why', 1)
skip('why')
skip(1)
throws_ok('select 1/0')
throws_ok('select 1/0', '22012')
throws_ok('select 1/0', 22012)
throws_ok('select 1/0', '22012', 'division by zero')
throws_ok('select 1/0', 'division by zero')
throws_ok('select 1/0', 'division by zero', 'a description')
throws_ok('select 1/0', '22012', 'division by zero', 'a description')
throws_ok('select 1/0', '22012', null, 'a description')
throws_ok('select 1/0', null, null, 'a description')
throws_like('select 1/0', '%zero')
throws_ilike('select 1/0', '%ZERO', 'd')
throws_matching('select 1/0', 'by .ero')
throws_imatching('select 1/0', 'BY')
lives_ok('select 1')
lives_ok('evens', 'a prepared statement')
lives_ok($$do 'begin end'$$)
performs_ok('select 1', 60000)
results_eq('select n from shop.rows order by n', array[1, 2, 2])
results_eq('select n, word from shop.rows where n = 1', $$values (1, 'one')$$, 'd')
results_eq('evens', 'select 2')
results_eq('execute above(1)', 'values (2), (2)')
results_eq('select 1, 1', 'select 1, 1;')
results_ne('select 1', 'select 2')
results_ne('select 1', array[1, 2])
set_eq('select n from shop.rows', array[2, 1])
set_eq('select n, word from shop.rows', $$values (2, 'two'), (1, 'one')$$, 'd')
set_eq('evens', 'execute above(1)')
set_eq('select 1, 1', 'values (1, 1)')
set_ne('select n from shop.rows', array[1])
set_has('select n from shop.rows', 'values (1)')
set_hasnt('select n from shop.rows', 'values (3)')
bag_eq('select n from shop.rows', array[2, 1, 2])
bag_ne('select n from shop.rows', array[2, 1])
bag_has('select n from shop.rows', 'values (2), (2)')
bag_hasnt('select n from shop.rows', 'values (3)')
is_empty('select 1 where false')
isnt_empty('evens', 'd')
row_eq('select 1, $$x$$::text', row(1, 'x'::text))
has_schema('shop')
hasnt_schema('market', 'd')
has_table('shop', 'users', 'd')
has_table('shop'::name, 'users'::name)
has_relation('shop', 'recent', 'd')
hasnt_table('users')
hasnt_table('shop', 'nothing', 'd')
has_view('shop', 'recent', 'd')
hasnt_view('shop', 'users', 'd')
has_materialized_view('shop', 'totals', 'd')
has_sequence('shop', 'numbers', 'd')
has_type('shop', 'state', 'd')
has_enum('shop', 'state', 'd')
has_domain('shop', 'price', 'd')
hasnt_type('nothing')
has_extension('pgtap')
has_extension('extensions', 'pgtap', 'd')
hasnt_extension('postgis')
has_role('anon')
hasnt_role('nobody_here')
has_user('authenticator')
has_group('anon')
has_language('plpgsql')
has_column('shop', 'users', 'name', 'd')
hasnt_column('shop', 'users', 'nothing', 'd')
hasnt_column('users', 'name')
has_trigger('shop', 'orders', 'touched', 'd')
hasnt_trigger('shop', 'users', 'touched', 'd')
trigger_is('shop', 'orders', 'touched', 'shop', 'touch')
col_not_null('shop', 'users', 'name', 'd')
col_is_null('shop', 'users', 'email', 'd')
col_has_default('shop', 'users', 'name', 'd')
col_hasnt_default('shop', 'users', 'email', 'd')
col_type_is('shop', 'users', 'id', 'uuid', 'd')
col_type_is('shop', 'users', 'email', 'varchar(80)', 'd')
col_type_is('shop', 'users', 'joined', 'timestamp with time zone', 'd')
col_type_is('shop', 'users', 'joined', 'timestamptz', 'd')
col_type_is('shop', 'orders', 'state', 'shop.state', 'd')
col_type_is('shop', 'orders', 'state', 'shop', 'state', 'd')
col_default_is('shop', 'users', 'name', 'ann', 'd')
col_default_is('shop', 'users', 'age', 18, 'd')
col_default_is('shop', 'users', 'joined', 'now()', 'd')
col_default_is('shop', 'orders', 'state', 'new', 'd')
col_is_pk('shop', 'users', 'id', 'd')
col_is_pk('shop', 'orders', array['user_id', 'number'])
col_isnt_pk('shop', 'orders', 'number', 'd')
col_is_fk('shop', 'orders', 'user_id', 'd')
col_isnt_fk('shop', 'orders', 'number', 'd')
col_is_unique('shop', 'users', 'email', 'd')
col_has_check('shop', 'users', 'age', 'd')
has_pk('shop', 'users', 'd')
hasnt_pk('shop', 'rows', 'd')
has_fk('shop', 'orders', 'd')
hasnt_fk('shop', 'users', 'd')
has_unique('shop', 'users', 'd')
has_check('shop', 'users', 'd')
fk_ok('shop', 'orders', 'user_id', 'shop', 'users', 'id')
fk_ok('shop', 'orders', array['user_id'], 'shop', 'users', array['id'], 'd')
has_index('shop', 'orders', 'orders_state')
has_index('shop', 'orders', 'orders_state', 'd')
has_index('shop', 'orders', 'orders_new', 'user_id')
has_index('shop', 'orders', 'orders_state', array['state', 'lower((number)::text)'], 'd')
hasnt_index('shop', 'orders', 'nothing', 'd')
index_is_unique('shop', 'orders', 'orders_new')
index_is_primary('shop', 'orders', 'orders_pkey')
index_is_partial('shop', 'orders', 'orders_new', 'd')
is_indexed('shop', 'orders', array['user_id', 'number'])
index_is_type('shop', 'orders', 'orders_new', 'btree', 'd')
isnt_partitioned('shop', 'orders', 'd')
hasnt_inherited_tables('shop', 'orders', 'd')
database_privs_are(current_database(), 'anon', array['CONNECT', 'TEMPORARY'])
is_indexed('shop', 'users', 'email', 'd')
has_function('shop', 'add', 'd')
has_function('shop', 'add', array['integer', 'int4'])
has_function('shop', 'words', '{}'::name[])
has_function('shop', 'words', array[]::text[], 'd')
has_function('shop', 'add', array['IN integer', 'int'], 'd')
hasnt_function('shop', 'add', array['text'], 'd')
hasnt_function('add')
function_returns('shop', 'add', array['int', 'int'], 'int')
function_returns('shop', 'touch', 'trigger', 'd')
function_returns('shop', 'words', 'setof text', 'd')
function_returns('shop', 'clean', 'void', 'd')
function_returns('shop', 'clean', array[null], 'void')
function_lang_is('shop', 'touch', 'plpgsql', 'd')
volatility_is('shop', 'add', array['int', 'int'], 'immutable')
is_definer('shop', 'touch', 'd')
isnt_definer('shop', 'add', 'd')
is_strict('shop', 'add', 'd')
is_procedure('shop', 'clean', 'd')
isnt_aggregate('shop', 'add', 'd')
is_normal_function('shop', 'add', 'd')
can('shop', array['add', 'touch'])
enum_has_labels('shop', 'state', array['new', 'sent'])
domain_type_is('shop', 'price', 'numeric(10,2)', 'd')
schemas_are(array(select nspname from pg_namespace where nspname !~ '^pg_|^information_schema$'))
tables_are('shop', array['rows', 'users', 'orders'])
views_are('shop', array['recent'], 'd')
materialized_views_are('shop', array['totals'])
sequences_are('shop', array['numbers'])
columns_are('shop', 'rows', array['word', 'n'])
indexes_are('shop', 'orders', array['orders_pkey', 'orders_state', 'orders_new'])
triggers_are('shop', 'orders', array['touched'])
functions_are('shop', array['add', 'touch', 'words', 'clean'])
enums_are('shop', array['state'])
domains_are('shop', array['price'])
types_are('shop', array['price', 'state'])
policies_are('shop', 'orders', array['mine', 'all_of_them'], 'd')
policies_are('shop', 'users', '{}'::name[])
policy_roles_are('shop', 'orders', 'mine', array['anon', 'authenticated'])
policy_roles_are('shop', 'orders', 'all_of_them', array['public'], 'd')
policy_cmd_is('shop', 'orders', 'mine', 'select', 'd')
policy_cmd_is('shop', 'orders', 'all_of_them'::name, 'ALL')
table_privs_are('shop', 'users', 'authenticated', array['SELECT', 'INSERT'])
table_privs_are('shop', 'users', 'anon', '{}'::name[], 'd')
column_privs_are('shop', 'rows', 'word', 'anon', array['UPDATE'])
any_column_privs_are('shop', 'users', 'anon', '{}'::name[])
schema_privs_are('shop', 'anon', array['USAGE'])
table_privs_are('shop', 'users', 'anon', array[null], 'd')
sequence_privs_are('shop', 'numbers', 'anon', '{}'::name[], 'd')
function_privs_are('shop', 'add', array['int', 'int'], 'authenticated', array['EXECUTE'])
function_privs_are('shop', 'add', array['int', 'int'], 'anon', '{}'::name[], 'd')
is_member_of('authenticated', 'authenticator')
isnt_member_of('authenticator', array['anon'])
isnt_superuser('postgres')
table_owner_is('shop', 'users', 'postgres', 'd')
schema_owner_is('shop', 'postgres')
function_owner_is('shop', 'add', array['int', 'int'], 'postgres')
check_test(is(1, 2, 'x'), false)
"""

_FAILING = """
ok(false)
ok(null)
is(1, 2)
is(1, null, 'd')
isnt(1, 1)
fail()
fail('x')
matches('abc'::text, '^b')
imatches(null::text, 'a')
doesnt_match('abc'::text, '^a')
doesnt_imatch('abc'::text, '^A')
alike('abc'::text, 'b%')
ialike('abc'::text, 'B%')
unalike('abc'::text, 'a%')
unialike('abc'::text, 'A%')
cmp_ok(1, '>', 2)
cmp_ok(1, '=', null)
isa_ok(1, 'text')
throws_ok('select 1')
throws_ok('select 1/0', '42501')
throws_ok('select 1/0', 42501)
throws_ok('select 1/0', '22012', 'another message')
throws_ok('select 1/0', 'another message')
throws_like('select 1/0', 'zero%')
throws_like('select 1', '%')
throws_matching('select 1/0', '^by')
lives_ok('select 1/0', 'd')
performs_ok('select pg_sleep(0.01)', 1)
results_eq('select n from shop.rows order by n', array[1, 2])
results_eq('select 1', 'select 2')
results_eq('select 1', 'select 1::bigint')
results_eq('select 1', 'select 1, 2')
results_ne('select 1', array[1])
set_eq('select n from shop.rows', array[1, 3])
set_eq('select 1', $$values ('x'::text)$$)
set_eq('evens', 'values (1, 2)')
set_ne('select n from shop.rows', array[2, 1])
set_has('select n from shop.rows', 'values (3)')
set_hasnt('select n from shop.rows', 'values (2)')
bag_eq('select n from shop.rows', array[2, 1])
bag_has('select n from shop.rows', 'values (1), (1)')
is_empty('select n from shop.rows')
isnt_empty('select 1 where false')
row_eq('select 1', row(2))
row_eq('select 1', row('x'::text))
has_schema('market')
hasnt_schema('shop')
has_table('users')
has_table('shop', 'users')
has_table('shop', 'recent', 'd')
hasnt_table('shop', 'users', 'd')
has_view('shop', 'users', 'd')
has_type('state')
has_enum('shop', 'price', 'd')
has_extension('postgis')
has_role('nobody_here')
has_column('shop', 'users', 'nothing', 'd')
hasnt_column('shop', 'users', 'name', 'd')
has_trigger('shop', 'users', 'touched', 'd')
trigger_is('shop', 'orders', 'touched', 'shop', 'add')
col_not_null('shop', 'users', 'email', 'd')
col_not_null('shop', 'users', 'nothing', 'd')
col_is_null('shop', 'users', 'nothing', 'd')
col_has_default('shop', 'users', 'email', 'd')
col_type_is('shop', 'users', 'id', 'text', 'd')
col_type_is('shop', 'users', 'email', 'varchar', 'd')
col_default_is('shop', 'users', 'name', 'bob', 'd')
col_default_is('shop', 'users', 'email', 'x', 'd')
col_default_is('shop', 'users', 'nothing', null::text, 'd')
col_is_pk('shop', 'orders', 'user_id', 'd')
col_is_fk('shop', 'orders', 'number', 'd')
col_is_unique('shop', 'users', 'name', 'd')
has_pk('shop', 'rows', 'd')
has_fk('shop', 'users', 'd')
fk_ok('shop', 'orders', 'number', 'shop', 'users', 'id')
has_index('shop', 'orders', 'nothing')
has_index('shop', 'orders', 'orders_new', array['number'], 'd')
hasnt_index('shop', 'orders', 'orders_new', 'd')
index_is_unique('shop', 'orders', 'orders_state')
is_indexed('shop', 'users', 'name', 'd')
index_is_type('shop', 'orders', 'orders_new', 'gin', 'd')
is_partitioned('shop', 'orders', 'd')
has_inherited_tables('shop', 'orders', 'd')
has_function('shop', 'nothing', 'd')
has_function('shop', 'add', array['text'])
hasnt_function('shop', 'add', 'd')
function_returns('shop', 'add', array['int', 'int'], 'text')
function_returns('shop', 'words', 'text', 'd')
function_returns('shop', 'words', 'table(word text)', 'd')
function_returns('shop', 'nothing', 'text', 'd')
function_lang_is('shop', 'touch', 'sql', 'd')
volatility_is('shop', 'add', 'stable', 'd')
is_definer('shop', 'add', 'd')
is_definer('shop', 'nothing', 'd')
isnt_definer('shop', 'touch', 'd')
can('shop', array['add', 'nothing'])
enum_has_labels('shop', 'state', array['sent', 'new'])
schemas_are(array['shop'])
tables_are('shop', array['users', 'others'])
columns_are('shop', 'rows', array['n'])
functions_are('shop', array['add'])
policies_are('shop', 'orders', array['mine'])
policy_roles_are('shop', 'orders', 'mine', array['anon'])
policy_cmd_is('shop', 'orders', 'mine', 'all', 'd')
policy_cmd_is('shop', 'orders', 'nothing', 'all', 'd')
table_privs_are('shop', 'users', 'authenticated', array['SELECT'])
table_privs_are('shop', 'users', 'authenticated', array[null], 'd')
set_eq('select null::int as q', 'select 1')
table_privs_are('shop', 'users', 'nobody_here', array['SELECT'])
table_privs_are('shop', 'nothing', 'anon', array['SELECT'])
schema_privs_are('shop', 'anon', array['CREATE'])
function_privs_are('shop', 'add', array['int', 'int'], 'anon', array['EXECUTE'])
is_member_of('authenticator', 'anon')
isnt_member_of('authenticated', array['authenticator'])
table_owner_is('shop', 'users', 'anon', 'd')
check_test(is(1, 2, 'x'), true)
"""


@pytest.fixture
def tap(cluster: Cluster, database: str) -> Iterator[psycopg.Connection]:
    """A transaction with the extension."""
    with psycopg.connect(cluster.dsn(database, user="postgres")) as connection:
        connection.execute("create extension pgtap with schema extensions")
        yield connection
        connection.rollback()


def lines(connection: psycopg.Connection, call: str) -> list[str]:
    rows = connection.execute(f"select * from {call}".encode()).fetchall()
    return [line for row in rows for line in str(row[0]).split("\n")]


def test_calls_pass_and_fail(tap: psycopg.Connection) -> None:
    tap.execute(_SCHEMA.encode())
    tap.execute("select * from no_plan()")
    passing, failing = _PASSING.strip().splitlines(), _FAILING.strip().splitlines()

    printed = {call: lines(tap, call) for call in passing + failing}

    numbered = {call: f"ok {number}" for number, call in enumerate(passing, 1)} | {
        call: f"not ok {number}" for number, call in enumerate(failing, 1 + len(passing))
    }
    wrong = [
        (call, printed[call])
        for call, start in numbered.items()
        if printed[call][0] != start and not printed[call][0].startswith(start + " ")
    ]
    assert not wrong
    assert all(line.startswith("#") for said in printed.values() for line in said[1:])
    assert lines(tap, "finish()") == [
        f"1..{len(numbered)}",
        f"# Looks like you failed {len(failing)} tests of {len(numbered)}",
    ]


def test_what_is_printed(tap: psycopg.Connection) -> None:
    with pytest.raises(psycopg.errors.RaiseException, match="there is no plan"), tap.transaction():
        lines(tap, "ok(true)")

    assert lines(tap, "plan(10)") == ["1..10"]
    assert lines(tap, "is(1, 2, 'one # two')") == [
        "not ok 1 - one \\# two",
        '# Failed test 1: "one # two"',
        "#         have: 1",
        "#         want: 2",
    ]
    tap.execute("select * from todo('later', 1)")
    assert lines(tap, "ok(false)") == ["not ok 2 # TODO later", "# Failed (TODO) test 2"]
    assert lines(tap, "skip('no time', 2)") == ["ok 3 # SKIP no time", "ok 4 # SKIP no time"]
    tap.execute("savepoint before")
    lines(tap, "fail()")
    tap.execute("rollback to savepoint before")
    tap.execute("set local role anon")
    assert lines(tap, "collect_tap(ok(true), pass(E'two\\nlines'))") == ["ok 6", "ok 7 - two lines"]
    assert lines(tap, "diag('one', E'\\ntwo')") == ["# one", "# two"]
    finish = pytest.raises(psycopg.errors.RaiseException, match="2 of 7 tests failed, 10 planned")
    with finish, tap.transaction():
        lines(tap, "finish(true)")
    assert lines(tap, "finish()") == [
        "# Looks like you planned 10 tests but ran 7",
        "# Looks like you failed 2 tests of 7",
    ]


def test_functions_are_run_as_tests(tap: psycopg.Connection) -> None:
    tap.execute("""
        create schema units; create table units.rows (n int);
        create function units.setup_rows() returns setof text language sql as
          'insert into units.rows values (1); select extensions.pass(''set up'')';
        create function units.test_add() returns setof text language sql as
          'insert into units.rows values (2);
           select extensions.is(count(*), 2::bigint) from units.rows';
        create function units.test_die() returns text language sql as 'select (1 / 0)::text';
    """)

    assert lines(tap, "runtests('units'::name)") == [
        "# Subtest: units.test_add()",
        "    ok 1 - set up",
        "    ok 2",
        "    1..2",
        "ok 1 - units.test_add()",
        "# Subtest: units.test_die()",
        "    # Test died: 22012: division by zero",
        "    1..1",
        "not ok 2 - units.test_die()",
        '# Failed test 2: "units.test_die()"',
        "1..2",
        "# Looks like you failed 1 test of 2",
    ]
    assert tap.execute("select from units.rows").fetchall() == []
