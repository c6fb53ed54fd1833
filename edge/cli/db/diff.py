"""`edge db diff`: what a database has and the migrations do not make, as a migration.

That is the local one, or a hosted project's.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import psycopg

from edge.cli.db.local import create_scratch, use_server
from edge.cli.db.url import describe_host
from edge.cli.running import project_lock
from edge.emulator.postgres.cluster import Cluster
from edge.emulator.postgres.local_database import plan_schema
from edge.emulator.postgres.migrations import (
    Migration,
    applied_versions,
    record,
)
from edge.emulator.postgres.project_schema import apply_plan
from edge.emulator.postgres.schema_diff import Difference, Target, find_difference
from edge.emulator.postgres.schema_dump import PLATFORM_SCHEMAS, Object, UnreadableSchemaError
from edge.emulator.postgres.script import read_script
from edge.errors import EdgeError
from edge.project.settings import load_settings

_SCRATCH: Final = "edge_diff"
_OF_PROJECTS_TOO: Final = ("auth", "storage", "realtime")
"""The platform's schemas in which projects have triggers and policies."""
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class Comparison:
    """The difference, and sentences about migrations that it cannot be sure of."""

    difference: Difference
    notes: tuple[str, ...]


def compare(workdir: Path, schemas: Collection[str] = (), hosted: str | None = None) -> Comparison:
    """Compare the migrations in a scratch database with the local one, or with `hosted`.

    Raises EdgeError.
    """
    if hosted:
        describe_host(hosted)
    plan = plan_schema(load_settings(workdir))
    with use_server(workdir) as server:
        local = _local_dsn(workdir, server)
        pending = [] if hosted else _pending(local, plan.migrations)
        admin = create_scratch(server, _SCRATCH)
        scratch = server.dsn(_SCRATCH, user="postgres")
        try:
            alone = replace(plan, seeds=(), roles=None, notes=())
            outcome = apply_plan(scratch, alone, keep_going=True)
            notes = [
                f"left out in {b.path.name}:{b.line}: {b.message}"
                for b in outcome.blockers
                if b.sqlstate != "42710"
            ]
            if hosted:
                difference = _find_hosted(scratch, admin, hosted, schemas)
            else:
                difference = find_difference(scratch, admin, Target(local, schemas))
        finally:
            server.drop_database(_SCRATCH)
    if pending:
        notes.append(
            f"{', '.join(pending)}: not applied locally, so that its objects read as"
            " dropped. First: edge db migrate"
        )
    return Comparison(difference, tuple(notes))


def _find_hosted(scratch: str, admin: str, url: str, schemas: Collection[str]) -> Difference:
    excluded = [each for each in PLATFORM_SCHEMAS if each not in (*_OF_PROJECTS_TOO, *schemas)]
    target = Target(url, schemas, excluded, "the hosted database", _is_of_platform)
    try:
        return find_difference(scratch, admin, target)
    except UnreadableSchemaError as exc:
        if not exc.is_forbidden:
            raise
    excluded = [each for each in PLATFORM_SCHEMAS if each not in schemas]
    difference = find_difference(scratch, admin, replace(target, excluded=excluded))
    difference.notes.append(
        f"Triggers and policies in {', '.join(_OF_PROJECTS_TOO)} are not compared: the role may"
        " not read these schemas."
    )
    return difference


def _is_of_platform(each: Object) -> bool:
    """Whether it is what the platform adds beside a project's own: it counts as no difference."""
    if each.kind == "DEFAULT ACL":
        return 'FOR ROLE "supabase_admin"' in each.statements[0]
    return each.kind == "EVENT TRIGGER" or each.name.startswith("EVENT TRIGGER ")


def write_hosted_migration(workdir: Path, name: str, difference: Difference) -> Path:
    """Write supabase/migrations/<timestamp>_<name>.sql."""
    return _write(workdir, name, difference)[1]


def write_migration(workdir: Path, name: str, difference: Difference) -> Path:
    """Write supabase/migrations/<timestamp>_<name>.sql, and record it in the local history.

    The local database has these changes already.
    """
    moment, path = _write(workdir, name, difference)
    with use_server(workdir) as server, _connect(workdir, server) as local:
        record(local, Migration(moment, name, path), read_script(path))
    return path


def _write(workdir: Path, name: str, difference: Difference) -> tuple[str, Path]:
    moment = datetime.now(UTC).strftime("%Y%m%d%H%M%S")
    path = workdir / "supabase" / "migrations" / f"{moment}_{name}.sql"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(difference.as_sql(), encoding="utf-8")
    return moment, path


def check_name(name: str) -> str:
    """Return the name of a migration. Raises EdgeError for what is no part of a file's name."""
    if not _NAME.fullmatch(name):
        raise EdgeError(
            f"{name} cannot name a migration.", cure="Use letters, digits and _: add_notes"
        )
    return name


def _local_dsn(workdir: Path, server: Cluster) -> str:
    """Return the superuser's DSN of the database that the stack runs on, or would."""
    running = project_lock(workdir).holder() or {}
    name = urlsplit(str(running.get("DB_URL", ""))).path.lstrip("/")
    return server.dsn(name or "postgres")


def _connect(workdir: Path, server: Cluster) -> psycopg.Connection:
    return psycopg.connect(_local_dsn(workdir, server), autocommit=True)


def _pending(local: str, migrations: Collection[Migration]) -> list[str]:
    with psycopg.connect(local) as connection:
        try:
            known = applied_versions(connection)
        except psycopg.errors.UndefinedTable as exc:
            raise EdgeError(
                "The local database has no schema yet.", cure="edge start, or edge db reset"
            ) from exc
    return [each.path.name for each in migrations if each.version not in known]
