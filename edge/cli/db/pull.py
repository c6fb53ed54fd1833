"""`edge db pull`: the schema of a hosted project's database as a file."""

import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from edge.cli.db.url import CURE, describe_host
from edge.emulator.postgres.install import binaries, find_executables
from edge.emulator.postgres.migrations import find_migrations
from edge.emulator.postgres.schema_dump import PLATFORM_SCHEMAS
from edge.errors import EdgeError

_LEFT_OUT: Final = re.compile(
    r"^(?:\\(?:un)?restrict |COMMENT ON EXTENSION |CREATE EVENT TRIGGER |ALTER EVENT TRIGGER "
    r'|ALTER DEFAULT PRIVILEGES FOR ROLE "supabase_admin"|SET transaction_timeout'
    r'|CREATE PUBLICATION "supabase_realtime|ALTER PUBLICATION "supabase_realtime_'
    r"|         WHEN TAG IN |   EXECUTE FUNCTION )"
)
_IDEMPOTENT: Final = re.compile(r'^CREATE (SCHEMA) "')
_DEADLINE: Final = 300


def pull(url: str, workdir: Path) -> Path:
    """Write the schema, as the first migration if there is none; returns the file.

    Raises EdgeError if the database cannot be read.
    """
    host = describe_host(url)
    supabase = workdir / "supabase"
    moment = datetime.now(UTC).strftime("%Y%m%d%H%M%S")
    is_first = not find_migrations(supabase / "migrations")
    name = f"migrations/{moment}_remote_schema.sql" if is_first else "remote_schema.sql"
    text = _dump(url, host)
    target = supabase / name
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    return target


def _dump(url: str, host: str) -> str:
    program = str(find_executables(binaries()) / "pg_dump")
    excluded = [f"--exclude-schema={schema}" for schema in PLATFORM_SCHEMAS]
    options = ["--schema-only", "--quote-all-identifiers", *excluded]
    try:
        done = subprocess.run(
            [program, *options, "--dbname", url],
            capture_output=True,
            text=True,
            timeout=_DEADLINE,
            check=False,
        )
    except subprocess.TimeoutExpired as exc:
        raise EdgeError(f"{host} did not answer in {_DEADLINE} s.", cure=CURE) from exc
    if done.returncode != 0:
        raise EdgeError(f"{host} cannot be dumped: {done.stderr.strip()}", cure=CURE)
    return "".join(_adapt(line) for line in done.stdout.splitlines(keepends=True))


def _adapt(line: str) -> str:
    if _LEFT_OUT.match(line):
        return f"-- {line}"
    return _IDEMPOTENT.sub(r'CREATE \1 IF NOT EXISTS "', line)
