"""Extensions: created by `postgres` as on the platform, and right where we stand in for C code."""

from collections.abc import Iterator

import bcrypt
import jwt
import psycopg
import pytest

from edge.emulator.postgres.cluster import Cluster

_SECRET = "a secret of thirty-two bytes ...."


@pytest.fixture
def postgres(cluster: Cluster, database: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(cluster.dsn(database, user="postgres"), autocommit=True) as connection:
        yield connection


def value(connection: psycopg.Connection, expression: str, *values: object) -> object:
    row = connection.execute(f"select {expression}".encode(), values).fetchone()
    assert row
    return row[0]


@pytest.mark.parametrize(
    "statement",
    [
        'create extension if not exists "pg_stat_statements" with schema "extensions"',
        'create extension if not exists "pgcrypto" with schema "extensions"',
        'create extension if not exists "uuid-ossp" with schema "extensions"',
        'create extension if not exists "pgjwt" with schema "extensions"',
        'create extension if not exists "pg_graphql" with schema "graphql"',
        'create extension if not exists "supabase_vault" with schema "vault"',
        'create extension if not exists "pgsodium" with schema "pgsodium"',
        'create extension "pg_cron" with schema "pg_catalog"',
        "create extension pg_cron with schema extensions",
        "create extension if not exists pg_cron",
        'create extension if not exists "pg_net" with schema "public"',
        "create extension http with schema extensions",
        "create extension if not exists pgmq",
        "create extension if not exists vector",
        "create extension moddatetime schema extensions",
        "create extension postgres_fdw with schema extensions",
        "create extension dblink with schema extensions",
        "create extension pg_trgm",
        "create extension hypopg; create extension index_advisor",
        "create extension wrappers with schema extensions",
        'drop extension if exists "pg_net"; drop extension if exists "pg_graphql" cascade',
        "create extension pgtap with schema extensions",
        "drop extension pgjwt; create extension pgjwt with schema extensions",
    ],
)
def test_extensions_are_created_as_on_the_platform(
    postgres: psycopg.Connection, statement: str
) -> None:
    postgres.execute(statement.encode())


@pytest.mark.parametrize("name", ["postgis", "plv8", "timescaledb"])
def test_what_cannot_be_there_is_refused_and_not_listed(
    postgres: psycopg.Connection, name: str
) -> None:
    listed = "exists (select from pg_available_extensions where name = %s)"
    assert value(postgres, listed, name) is False

    with pytest.raises(psycopg.errors.FeatureNotSupported, match="is not available"):
        postgres.execute(f"create extension {name}".encode())


def test_digests_are_pgcryptos(postgres: psycopg.Connection) -> None:
    for algorithm, expected in {
        "md5": "900150983cd24fb0d6963f7d28e17f72",
        "sha1": "a9993e364706816aba3e25717850c26c9cd0d89d",
        "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    }.items():
        assert value(postgres, "encode(digest('abc', %s), 'hex')", algorithm) == expected
    long_text = "encode(digest(repeat('a', 200), 'sha1'), 'hex')"
    assert value(postgres, long_text) == "e61cfffe0d9195a525fc6cf06ca2d77119c24a40"
    with pytest.raises(psycopg.errors.InvalidParameterValue, match="No such hash algorithm"):
        value(postgres, "digest('abc', 'sha99')")


def test_hmacs_are_those_of_rfc_2202_and_4231(postgres: psycopg.Connection) -> None:
    what = "encode(hmac('what do ya want for nothing?', 'Jefe', %s), 'hex')"
    assert value(postgres, what, "sha1") == "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"
    assert str(value(postgres, what, "sha256")).startswith("5bdcc146bf60754e6a042426089575c7")
    assert str(value(postgres, what, "sha512")).startswith("164b7a7bfcf819e2e395fbe73b56e0a3")


def test_passwords_hashed_in_sql_and_elsewhere_are_the_same(postgres: psycopg.Connection) -> None:
    made = str(value(postgres, "extensions.crypt('secret123', extensions.gen_salt('bf'))"))
    assert made.startswith("$2a$06$")
    assert bcrypt.checkpw(b"secret123", made.encode())

    theirs = bcrypt.hashpw(b"secret123", bcrypt.gensalt(10)).decode()
    assert value(postgres, "crypt('secret123', %s) = %s", theirs, theirs) is True
    assert value(postgres, "crypt('other', %s) = %s", theirs, theirs) is False


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("crypt('x', gen_salt('md5'))", "use gen_salt"),
        ("crypt('x', '$1$abcdefgh')", "bcrypt only"),
        ("crypt('x', '$2a$31$abcdefghijklmnopqrstuu')", "cost of 4 to 14"),
        ("crypt('x', 'nonsense')", "invalid salt"),
        ("pgp_sym_encrypt('x', 'y')", "not in the local stack"),
        ("gen_random_bytes(0)", "Length not in range"),
    ],
)
def test_what_pgcrypto_lacks_here_is_refused(
    postgres: psycopg.Connection, expression: str, message: str
) -> None:
    with pytest.raises(psycopg.Error, match=message):
        value(postgres, expression)


def test_random_bytes_are_as_many_as_wanted(postgres: psycopg.Connection) -> None:
    assert value(postgres, "length(gen_random_bytes(100))") == 100
    assert value(postgres, "gen_random_bytes(16) = gen_random_bytes(16)") is False


def test_ciphers_round_trip(postgres: psycopg.Connection) -> None:
    # NIST SP 800-38A, F.2.1
    assert (
        value(
            postgres,
            "encode(encrypt_iv('\\x6bc1bee22e409f96e93d7e117393172a',"
            " '\\x2b7e151628aed2a6abf7158809cf4f3c', '\\x000102030405060708090a0b0c0d0e0f',"
            " 'aes-cbc/pad:none'), 'hex')",
        )
        == "7649abac8119b246cee98e9b12e9197d"
    )
    assert (
        value(
            postgres, "convert_from(decrypt(encrypt('hello', 'key', 'aes'), 'key', 'aes'), 'UTF8')"
        )
        == "hello"
    )


def test_uuids_have_their_versions(postgres: psycopg.Connection) -> None:
    named = "uuid_generate_v5(uuid_ns_dns(), 'www.example.com')::text"
    assert value(postgres, named) == "2ed6657d-e927-568b-95e1-2665a8aea6a2"
    assert value(postgres, "uuid_generate_v3(uuid_ns_dns(), 'www.example.com')::text") == (
        "5df41881-3aed-3515-88a7-2f4a814cf09e"
    )
    for function, version in {"v1": "1", "v1mc": "1", "v4": "4"}.items():
        text = str(value(postgres, f"extensions.uuid_generate_{function}()"))
        assert text[14] == version
        assert text[19] in "89ab"
    recent = "abs(extract(epoch from uuid_extract_timestamp(uuid_generate_v1()) - now())) < 60"
    assert value(postgres, recent) is True


def test_tokens_are_signed_and_verified(postgres: psycopg.Connection) -> None:
    token = str(value(postgres, "sign(json_build_object('sub', 'ann'), %s)", _SECRET))
    assert jwt.decode(token, _SECRET, ["HS256"])["sub"] == "ann"
    theirs = jwt.encode({"sub": "ben"}, _SECRET)
    assert value(postgres, "(verify(%s, %s)).valid", theirs, _SECRET) is True
    assert value(postgres, "(verify(%s, 'other')).valid", theirs) is False


def test_vault_keeps_secrets(postgres: psycopg.Connection) -> None:
    made = value(postgres, "vault.create_secret('s3cret', 'api_key', 'for tests')")
    read = "(select decrypted_secret from vault.decrypted_secrets where name = 'api_key')"
    assert value(postgres, read) == "s3cret"
    assert value(postgres, "(select secret from vault.secrets) <> 's3cret'") is True

    postgres.execute("select vault.update_secret(%s, 'n3w')", (made,))
    assert value(postgres, read) == "n3w"


def test_queues_are_pgmqs(postgres: psycopg.Connection) -> None:
    postgres.execute("create extension if not exists pgmq")
    postgres.execute("select pgmq.create('jobs')")
    postgres.execute("""select pgmq.send('jobs', '{"n": 1}')""")

    assert value(postgres, "message from pgmq.read('jobs', 30, 1)") == {"n": 1}


def test_queues_are_exposed_as_the_dashboard_does(postgres: psycopg.Connection) -> None:
    postgres.execute("create extension if not exists pgmq")
    postgres.execute("grant execute on function pgmq.pop(text) to anon")
    postgres.execute("grant execute on function pgmq.read(text, integer, integer) to anon")
    postgres.execute("grant execute on function pgmq.read(text, integer, integer, jsonb) to anon")
    postgres.execute("select pgmq.create('jobs')")
    postgres.execute("select pgmq.send_batch('jobs', array['1', '2', '3']::jsonb[])")

    assert value(postgres, "message from pgmq.read(queue_name => 'jobs', vt => 30, qty => 1)") == 1
    assert value(postgres, "message from pgmq.pop('jobs')") == 2
    assert value(postgres, "message from pgmq.pop(queue_name => 'jobs', qty => 1)") == 3


def test_requests_are_queued_with_their_parameters(postgres: psycopg.Connection) -> None:
    postgres.execute(
        """select net.http_post('http://127.0.0.1:9/x', '{"a": 1}', '{"q": "a b&c"}')"""
    )
    row = postgres.execute(
        "select method, url, headers, convert_from(body, 'UTF8') from net.http_request_queue"
    ).fetchone()

    assert row == (
        "POST",
        "http://127.0.0.1:9/x?q=a%20b%26c",
        {"Content-Type": "application/json"},
        '{"a": 1}',
    )


def test_jobs_are_kept_by_name(postgres: psycopg.Connection) -> None:
    postgres.execute("create extension pg_cron")
    first = value(postgres, "cron.schedule('clean', '0 3 * * *', 'select 1')")
    assert value(postgres, "cron.schedule('clean', '30 seconds', 'select 2')") == first
    assert value(postgres, "(select schedule from cron.job)") == "30 seconds"

    with pytest.raises(psycopg.errors.InvalidParameterValue, match="invalid schedule: nonsense"):
        value(postgres, "cron.schedule('x', 'nonsense', 'select 1')")
    assert value(postgres, "cron.unschedule('clean')") is True
    with pytest.raises(psycopg.Error, match="could not find valid entry"):
        value(postgres, "cron.unschedule('clean')")


def test_pg_tle_installs_updates_and_removes_extensions_of_sql(
    postgres: psycopg.Connection,
) -> None:
    install = "select pgtle.install_extension(%s, '1.0', %s, %s, array['citext'])"
    first = "create function greet() returns text language sql as $$ select 'one' $$;"
    postgres.execute("create extension pg_tle; create extension citext")
    postgres.execute(install, ("ann-greetings", "Ann's greetings", first))

    postgres.execute('create extension "ann-greetings" with schema public')
    assert value(postgres, "public.greet()") == "one"

    update = first.replace("create function", "create or replace function").replace("one", "two")
    postgres.execute(
        "select pgtle.install_update_path('ann-greetings', '1.0', '1.1', %s)", [update]
    )
    postgres.execute("select pgtle.set_default_version('ann-greetings', '1.1')")
    postgres.execute('alter extension "ann-greetings" update')
    assert value(postgres, "public.greet()") == "two"
    assert postgres.execute("select * from pgtle.available_extensions()").fetchall() == [
        ("ann-greetings", "1.1", "Ann's greetings")
    ]

    postgres.execute('drop extension "ann-greetings"')
    assert value(postgres, "pgtle.uninstall_extension_if_exists('ann-greetings')") is True
    assert value(postgres, "pgtle.uninstall_extension_if_exists('ann-greetings')") is False
    with pytest.raises(psycopg.errors.FeatureNotSupported):
        postgres.execute('create extension "ann-greetings"')


@pytest.mark.parametrize("name", ["../evil", "a/b", "a--b", "", "x\ny"])
def test_pg_tle_writes_no_other_files(postgres: psycopg.Connection, name: str) -> None:
    postgres.execute("create extension pg_tle")
    with pytest.raises(psycopg.Error, match="invalid extension name"):
        postgres.execute("select pgtle.install_extension(%s, '1', '', 'select 1')", (name,))


def test_an_extension_of_pg_tle_runs_as_who_creates_it_and_replaces_none(
    postgres: psycopg.Connection,
) -> None:
    install = "select pgtle.install_extension(%s, '1', '', 'alter system set jit = off')"
    postgres.execute("create extension pg_tle")
    with pytest.raises(psycopg.Error, match="control file already exists"):
        postgres.execute(install, ("pgmq",))
    postgres.execute(install, ("sly",))
    with pytest.raises(psycopg.Error):
        postgres.execute("create extension sly")
    postgres.execute("select pgtle.uninstall_extension('sly')")
