"""The extensions that Postgres finds besides those of its wheel: stand-ins of ours, and pgmq.

They are gathered in one folder, which `extension_control_path` names. Extensions of the wheel that
the platform lets `postgres` create are marked as trusted there.
"""

import re
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import psycopg

_STAND_INS: Final = Path(__file__).with_name("extension")

# supabase/postgres, supautils.privileged_extensions
# fmt: off
_TRUSTED: Final = (
    "autoinc", "bloom", "dblink", "dict_xsyn", "earthdistance", "insert_username",
    "moddatetime", "pg_prewarm", "pg_stat_statements", "pg_walinspect", "pgrowlocks",
    "pgstattuple", "postgres_fdw", "refint", "vector", "pageinspect", "pg_buffercache",
    "pg_freespacemap", "pg_visibility", "amcheck", "intagg",
)
# fmt: on
# Signatures of the platform's pgmq 1.4 and 1.5, which the dashboard's "expose queues" grants: each
# instead of the default of a later version.
_EARLIER_PGMQ: Final = {
    r"(FUNCTION pgmq\.pop\(queue_name TEXT, qty INTEGER) DEFAULT 1\)": """
create function pgmq.pop(queue_name text) returns setof pgmq.message_record language sql
  as 'select * from pgmq.pop($1, 1)';
""",
    r"(FUNCTION pgmq\.read\(\s*queue_name TEXT,\s*vt INTEGER,\s*qty INTEGER,"
    r"\s*conditional JSONB) DEFAULT '{}'\s*\)": """
create function pgmq.read(queue_name text, vt integer, qty integer)
  returns setof pgmq.message_record language sql
  as 'select * from pgmq.read($1, $2, $3, ''{}''::jsonb)';
""",
}
_FOREIGN_DATA_WRAPPER: Final = re.compile(r"^CREATE FOREIGN DATA WRAPPER (\w+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Empty:
    """An extension that can be created and does nothing: what its functions refuse to do."""

    version: str
    schema: str | None = None
    functions: tuple[str, ...] = ()


EMPTY: Final = {
    "hypopg": Empty("1.4.1", functions=("hypopg_create_index(text) returns record",)),
    "index_advisor": Empty("0.2.0", functions=("index_advisor(text) returns record",)),
    "pg_graphql": Empty("1.5.11", "graphql"),
    "pg_hashids": Empty(
        "1.3",
        functions=(
            "id_encode(bigint) returns text",
            "id_encode(bigint, text) returns text",
            "id_encode(bigint, text, int) returns text",
            "id_decode(text) returns bigint[]",
            "id_decode(text, text) returns bigint[]",
            "id_decode(text, text, int) returns bigint[]",
        ),
    ),
    "pg_jsonschema": Empty(
        "0.3.3",
        functions=(
            "json_matches_schema(json, json) returns boolean",
            "jsonb_matches_schema(json, jsonb) returns boolean",
            "jsonschema_is_valid(json) returns boolean",
            "jsonschema_validation_errors(json, json) returns text[]",
        ),
    ),
    "pg_repack": Empty("1.5.2"),
    "pg_stat_monitor": Empty("2.1"),
    "pgaudit": Empty(
        "17.0",
        functions=(
            "pgaudit_ddl_command_end() returns event_trigger",
            "pgaudit_sql_drop() returns event_trigger",
        ),
    ),
    "pgsodium": Empty("3.1.9", "pgsodium"),
    "plpgsql_check": Empty("2.7", functions=("plpgsql_check_function(regproc) returns text",)),
    "sslinfo": Empty("1.2", functions=("ssl_is_used() returns boolean",)),
    "wrappers": Empty("0.5.3"),
}


def describe_empty(connection: psycopg.Connection) -> list[str]:
    """Say in a sentence which extensions the database has that do nothing here."""
    found = connection.execute(
        "select extname from pg_extension where extname = any(%s) order by extname",
        ([name for name in EMPTY if name != "pg_graphql"],),  # every project has that one
    )
    names = ", ".join(name for (name,) in found)
    return [f"extensions that do nothing in the local stack: {names}"] if names else []


def gather(wheel: Path, folder: Path) -> None:
    """Write all control files and scripts into `folder`/extension, readable by all.

    `wheel` is the folder with Postgres's own.
    """
    target = folder / "extension"
    target.mkdir(exist_ok=True)
    for source in _STAND_INS.iterdir():
        (target / source.name).write_bytes(source.read_bytes())
    for name, empty in EMPTY.items():
        _write_empty(target, name, empty)
    for name in _TRUSTED:
        _trust(wheel, target, name)
    _write_pgmq(target)
    for path in (target, *target.iterdir()):
        path.chmod(0o755 if path is target else 0o644)


def _write_empty(target: Path, name: str, empty: Empty) -> None:
    lines = [
        f"comment = 'Empty stand-in of the local stack: {name} does nothing here'",
        f"default_version = '{empty.version}'",
        "relocatable = false",
        "trusted = true",
        *([f"schema = {empty.schema}"] if empty.schema else []),
    ]
    (target / f"{name}.control").write_text("\n".join(lines) + "\n")
    script = [f"do $$ begin raise notice '{name} is an empty stand-in locally'; end $$;"]
    for function in empty.functions:
        called = function.split("(")[0]
        script.append(
            f"create function {function} language plpgsql as $$ begin"
            f" raise exception '{called}() of {name} is not in the local stack'"
            " using errcode = '0A000'; end $$;"
        )
    (target / f"{name}--{empty.version}.sql").write_text("\n".join(script) + "\n")


def _trust(wheel: Path, target: Path, name: str) -> None:
    control = wheel / f"{name}.control"
    if not control.exists():
        return
    (target / control.name).write_text(control.read_text() + "\ntrusted = true\n")
    for script in wheel.glob(f"{name}--*.sql"):
        text = script.read_text()
        if wrapper := _FOREIGN_DATA_WRAPPER.search(text):
            text += f"\ngrant usage on foreign data wrapper {wrapper[1]} to postgres;\n"
        (target / script.name).write_text(text)


def _write_pgmq(target: Path) -> None:
    """Take the script from the pip package, which serves databases without the extension."""
    spec = find_spec("pgmq")
    if spec is None or spec.origin is None:
        return
    sql = Path(spec.origin).parent / "sql"
    version = re.sub(r"[^0-9.]", "", (sql / "pgmq.sql.version").read_text())
    script = (sql / "pgmq.sql").read_text()
    for default, function in _EARLIER_PGMQ.items():
        script, count = re.subn(default, r"\1)", script)
        script += function if count else ""
    (target / f"pgmq--{version}.sql").write_text(
        script + "\ngrant usage on schema pgmq to postgres;\n"
        "grant all on all tables in schema pgmq to postgres with grant option;\n"
        "grant all on all sequences in schema pgmq to postgres with grant option;\n"
    )
    (target / "pgmq.control").write_text(
        "comment = 'A lightweight message queue'\n"
        f"default_version = '{version}'\nschema = pgmq\nrelocatable = false\ntrusted = true\n"
    )
