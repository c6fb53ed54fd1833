"""Create a project's schema: roles.sql, Vault secrets, migrations and seeds, as the CLI does.

A migration that fails does not end the stack: everything before it stays applied, and the outcome
lists every statement of the rest that the local Postgres does not take.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Final

import psycopg

from edge.emulator.postgres.blockers import Blocker, Diagnosis
from edge.emulator.postgres.collations import without_icu
from edge.emulator.postgres.dashboard_extensions import create_used, find_used
from edge.emulator.postgres.execute import (
    RESET,
    StatementError,
    execute_leniently,
    execute_script,
)
from edge.emulator.postgres.extension_versions import without_clause
from edge.emulator.postgres.extensions import describe_empty
from edge.emulator.postgres.migrations import (
    Migration,
    applied_versions,
    list_migrations,
    record,
)
from edge.emulator.postgres.script import Script, UnreadableError, parse_script, read_script
from edge.emulator.postgres.sequences import read_sequences, restore_sequences
from edge.project.config_toml import BucketConfig

_MOST_NAMED: Final = 6
_CREATE_SEEDS: Final = (
    "create table if not exists supabase_migrations.seed_files"
    " (path text not null primary key, hash text not null)"
)
_WRITE_BUCKET: Final = (
    "insert into storage.buckets (id, name, public, file_size_limit, allowed_mime_types)"
    " values (%s, %s, %s, %s, %s) on conflict (id) do update set public = excluded.public,"
    " file_size_limit = excluded.file_size_limit, allowed_mime_types = excluded.allowed_mime_types"
)
# supabase/cli, internal/db/start/start.go
_REVOKE_DEFAULTS: Final = """
alter default privileges for role postgres in schema public
  revoke select, insert, update, delete on tables from anon, authenticated, service_role;
alter default privileges for role postgres in schema public
  revoke usage, select on sequences from anon, authenticated, service_role;
alter default privileges for role postgres in schema public
  revoke execute on functions from anon, authenticated, service_role;
"""
_FIND_SCHEMA: Final = """
select nspname from (
  select pronamespace, proname from pg_catalog.pg_proc
  union all select relnamespace, relname from pg_catalog.pg_class where relkind in ('r', 'v', 'm')
  union all select typnamespace, typname from pg_catalog.pg_type where typrelid = 0
) as objects (schema, name)
join pg_catalog.pg_namespace n on n.oid = schema and nspname not in ('edge_internal', 'auth',
  'storage', 'realtime', 'supabase_functions', 'net', 'vault', 'cron', 'graphql_public')
where name = %s order by nspname = 'pg_catalog' desc, nspname limit 1
"""
_RECORD_SEED: Final = (
    "insert into supabase_migrations.seed_files (path, hash) values (%s, %s)"
    " on conflict (path) do update set hash = excluded.hash"
)
_WRITE_VAULT: Final = """
do $$
declare
  given jsonb;
begin
  for given in select * from jsonb_array_elements(current_setting('edge.vault')::jsonb) loop
    if exists (select from vault.secrets where name = given ->> 'name') then
      perform vault.update_secret(id, given ->> 'value') from vault.secrets
        where name = given ->> 'name';
    else
      perform vault.create_secret(given ->> 'value', given ->> 'name');
    end if;
  end loop;
end $$
"""


@dataclass(frozen=True, slots=True)
class SchemaPlan:
    """What a project wants of its database; `notes` are sentences about what is left out."""

    supabase: Path
    migrations: Sequence[Migration] = ()
    seeds: Sequence[Path] = ()
    roles: Path | None = None
    vault: Mapping[str, str] = field(default_factory=dict[str, str])
    notes: Sequence[str] = ()
    skipped: Sequence[Path] = ()
    buckets: Mapping[str, BucketConfig] = field(default_factory=dict[str, BucketConfig])
    exposes_new_tables: bool = True


@dataclass(slots=True)
class Outcome:
    """What was applied, what was left, and why."""

    applied: list[Migration] = field(default_factory=list[Migration])
    left: list[Migration] = field(default_factory=list[Migration])
    seeded: list[Path] = field(default_factory=list[Path])
    blockers: list[Blocker] = field(default_factory=list[Blocker])
    notes: list[str] = field(default_factory=list[str])
    left_out: int = 0
    """Statements that --keep-going has left out."""


def read_plan(
    supabase: Path,
    *,
    migrations: bool = True,
    seed_patterns: Sequence[str] = ("./seed.sql",),
    vault: Mapping[str, str] | None = None,
) -> SchemaPlan:
    """List the files below the project's supabase/ folder."""
    found, skipped = list_migrations(supabase / "migrations")
    notes: list[str] = []
    if skipped:
        notes.append(
            f"skipped, not named <version>_<name>.sql: {_shorten(p.name for p in skipped)}"
        )
    if not migrations and found:
        notes.append("db.migrations.enabled is false: no migrations are applied")
        found = []
    counts = Counter(migration.version for migration in found)
    if twins := [version for version, count in counts.items() if count > 1]:
        notes.append(f"several files have the version {_shorten(sorted(twins))}; all are applied")
    seeds = list(_match_seeds(supabase, seed_patterns, notes))
    roles = supabase / "roles.sql"
    return SchemaPlan(
        supabase,
        found,
        seeds,
        roles if roles.is_file() else None,
        vault or {},
        notes,
        skipped,
    )


def _shorten(names: Iterable[str]) -> str:
    listed = list(names)
    more = f" and {len(listed) - _MOST_NAMED} more" if len(listed) > _MOST_NAMED else ""
    return ", ".join(listed[:_MOST_NAMED]) + more


def _match_seeds(supabase: Path, patterns: Sequence[str], notes: list[str]) -> Iterator[Path]:
    """Yield the files of each pattern in order, each once."""
    seen: set[Path] = set()
    for pattern in patterns:
        relative = pattern.removeprefix("./")
        base = Path(relative)
        matches = [base] if base.is_absolute() else sorted(supabase.glob(relative or "-"))
        files = [path for path in matches if path.is_file()]
        if not files and pattern != "./seed.sql":
            notes.append(f"db.seed.sql_paths: no file matches {pattern}")
        yield from (path for path in files if path not in seen)
        seen.update(files)


def apply_plan(dsn: str, plan: SchemaPlan, *, keep_going: bool = False) -> Outcome:
    """Bring the database up to date. Raises psycopg.Error only if the server fails.

    With `keep_going`, statements that fail are left out and their files count as applied.
    """
    outcome = Outcome(notes=list(plan.notes))
    with psycopg.connect(dsn, autocommit=True, prepare_threshold=None) as connection:
        known = applied_versions(connection)
        seeds = _pending_seeds(connection, plan, is_new=not known)
        applying = _Applying(connection, plan, outcome, keep_going=keep_going)
        if not known:
            applying.restrict_new_tables()
            applying.create_roles()
        applying.store_secrets()
        applying.migrate([m for m in plan.migrations if m.version not in known])
        applying.create_buckets()
        if not outcome.left:
            applying.seed(seeds)
        if outcome.applied:
            outcome.notes += describe_empty(connection)
    return outcome


def check_plan(dsn: str, plan: SchemaPlan) -> list[Blocker]:
    """Try every statement of every file in a database without migrations; changes nothing."""
    outcome = Outcome()
    with psycopg.connect(dsn, autocommit=True, prepare_threshold=None) as connection:
        applying = _Applying(connection, plan, outcome)
        applying.restrict_new_tables()
        applying.store_secrets()
        applying.check([*([plan.roles] if plan.roles else []), *plan.migrations])
    return outcome.blockers


@dataclass(slots=True)
class _Applying:
    connection: psycopg.Connection
    plan: SchemaPlan
    outcome: Outcome
    keep_going: bool = False
    _diagnosis: Diagnosis | None = None

    def create_roles(self) -> None:
        if self.plan.roles is None:
            return
        try:
            execute_script(self.connection, read_script(self.plan.roles))
        except (StatementError, UnreadableError) as exc:
            self._report(self.plan.roles, exc)

    def restrict_new_tables(self) -> None:
        if not self.plan.exposes_new_tables:
            self.connection.execute(_REVOKE_DEFAULTS)

    def create_buckets(self) -> None:
        """Create and update the buckets of config.toml."""
        for name, bucket in self.plan.buckets.items():
            limit, types = bucket.file_size_limit, list(bucket.allowed_mime_types) or None
            try:
                self.connection.execute(_WRITE_BUCKET, (name, name, bucket.public, limit, types))
            except psycopg.DatabaseError as exc:  # a trigger of the project may refuse it
                if self.connection.closed:
                    raise
                reason = exc.diag.message_primary
                self.outcome.notes.append(f"[storage.buckets.{name}] is not created: {reason}")

    def store_secrets(self) -> None:
        """Write [db.vault] into Vault, where there is one."""
        import json

        if not self.plan.vault:
            return
        secrets = [{"name": name, "value": value} for name, value in self.plan.vault.items()]
        try:
            with self.connection.transaction():
                setting = json.dumps(secrets)
                self.connection.execute("select set_config('edge.vault', %s, true)", (setting,))
                self.connection.execute(_WRITE_VAULT)
        except psycopg.Error as exc:
            self.outcome.notes.append(f"[db.vault] is not stored: {exc.diag.message_primary}")

    def migrate(self, new: Sequence[Migration]) -> None:
        for position, migration in enumerate(new):
            try:
                script = self._read(migration.path)
                self._execute(script, migration)
            except (StatementError, UnreadableError) as exc:
                if not self.keep_going:
                    self.outcome.left = list(new[position:])
                    self._check_rest(exc, self.outcome.left)
                    return
                self._apply_leniently(migration, exc)
            self.outcome.applied.append(migration)

    def seed(self, seeds: Sequence[Path]) -> None:
        for path in seeds:
            name = path.relative_to(self.plan.supabase.parent).as_posix()
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            note = partial(self.connection.execute, _RECORD_SEED, (name, digest))
            try:
                script = self._read(path)
            except UnreadableError as exc:
                self._report(path, exc)
                continue
            try:
                execute_script(self.connection, script, note, restores_sequences=True)
            except StatementError as exc:
                if not self.keep_going:
                    self._report(path, exc)
                    continue
                self._execute_leniently(script, note)
            self.outcome.seeded.append(path)

    def check(self, files: Iterable[Path | Migration]) -> None:
        """Try the files in one transaction, statement by statement, and undo everything."""
        sequences = read_sequences(self.connection)
        self.connection.execute("begin")
        try:
            for file in files:
                path = file.path if isinstance(file, Migration) else file
                self.connection.execute(RESET)
                try:
                    script = self._load(path)
                except UnreadableError as exc:
                    self._report(path, exc)
                    continue
                for failure in self._try_leniently(script, dry=True):
                    if not _is_role_of_another_database(failure):
                        self._report(path, failure)
                if isinstance(file, Migration):
                    self._note_in_history(file, script)
        finally:
            self.connection.execute("rollback")
            restore_sequences(self.connection, sequences)

    def _note_in_history(self, migration: Migration, script: Script) -> None:
        """Record a file that was tried: later ones may ask for it."""
        with suppress(psycopg.DatabaseError), self.connection.transaction():
            self.connection.execute("reset role")
            record(self.connection, migration, script)

    def _execute(self, script: Script, migration: Migration) -> None:
        finish = partial(record, self.connection, migration, script)
        while True:
            try:
                execute_script(
                    self.connection,
                    script,
                    finish,
                    restores_sequences=True,
                )
            except StatementError as exc:
                again = self._mend(exc)
                if again is None:
                    raise
                script = again
            else:
                return

    def _try_leniently(self, script: Script, *, dry: bool) -> Iterator[StatementError]:
        for failure in execute_leniently(self.connection, script, dry=dry):
            again = self._mend(failure)
            if again is None:
                yield failure
                continue
            position = script.statements.index(failure.statement)
            alone = replace(again, statements=(again.statements[position],))
            yield from self._try_leniently(alone, dry=dry)

    def _mend(self, failure: StatementError) -> Script | None:
        """Return the file to execute again after a failure that is one of this database only."""
        if other := without_clause(failure):
            return other
        return failure.script if self._create_used(failure) else None

    def _create_used(self, failure: StatementError) -> bool:
        """Create the extension that the statement needs and that no file of the project creates."""
        used = find_used(failure.error.sqlstate, failure.error.diag.message_primary or "")
        if used is None or self._diagnosed().creates(used.extension, used.name):
            return False
        created = create_used(self.connection, used)
        if created:
            self.outcome.notes.append(
                f"{used.extension} is used, and created by no migration: created here, as the"
                " dashboard does"
            )
        return created

    def _load(self, path: Path) -> Script:
        """Read a file, with collations that the local Postgres has instead of ICU's."""
        script = read_script(path)
        text = without_icu(script.text)
        if text == script.text or not self._lacks_icu():
            return script
        note = "the local Postgres has no ICU: its collations order by code points here"
        if note not in self.outcome.notes:
            self.outcome.notes.append(note)
        return parse_script(path, text)

    def _lacks_icu(self) -> bool:
        found = "select 1 from pg_catalog.pg_collation where collname = 'und-x-icu'"
        return self.connection.execute(found).fetchone() is None

    def _read(self, path: Path) -> Script:
        script = self._load(path)
        if script.skipped:
            commands = ", ".join(sorted({command.split()[0] for _, command in script.skipped}))
            self.outcome.notes.append(f"{path.name}: psql's {commands} left out")
        return script

    def _check_rest(self, first: Exception, left: Sequence[Migration]) -> None:
        self.check(left)
        if not self.outcome.blockers:  # it fails as a whole only
            self._report(left[0].path, first)

    def _apply_leniently(self, migration: Migration, error: Exception) -> None:
        if isinstance(error, UnreadableError):
            self._report(migration.path, error)
            return
        script = self._load(migration.path)
        self._execute_leniently(script, lambda: record(self.connection, migration, script))

    def _execute_leniently(self, script: Script, finish: Callable[[], object]) -> None:
        """Execute what can be, report the rest, then `finish` in the same transaction."""
        self.connection.execute("begin")
        for failure in self._try_leniently(script, dry=False):
            self.outcome.left_out += 1
            self._report(script.path, failure)
        finish()
        self.connection.execute("commit")

    def _diagnosed(self) -> Diagnosis:
        if self._diagnosis is None:
            self._diagnosis = Diagnosis(
                list(_scripts(self.plan)), self.plan.skipped, self._find_schema
            )
        return self._diagnosis

    def _find_schema(self, name: str) -> str | None:
        found = self.connection.execute(_FIND_SCHEMA, (name,)).fetchone()
        return str(found[0]) if found else None

    def _report(self, path: Path, error: Exception) -> None:
        if isinstance(error, StatementError):
            self.outcome.blockers.append(self._diagnosed().add(error))
        elif isinstance(error, UnreadableError):
            cause, cure = "A file is not text in UTF-8.", error.cure or "Save it as UTF-8."
            blocker = Blocker(path, error.line, "", "22021", error.reason, cause, cure)
            self.outcome.blockers.append(blocker)


def _scripts(plan: SchemaPlan) -> Iterator[Script]:
    """Yield the texts of all migrations, as far as they can be read; not split."""
    for migration in plan.migrations:
        try:
            text = migration.path.read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError):
            continue
        yield Script(migration.path, text, ())


def _pending_seeds(connection: psycopg.Connection, plan: SchemaPlan, *, is_new: bool) -> list[Path]:
    """Return the seeds that were not executed; none for a database from before they were noted."""
    row = connection.execute("select to_regclass('supabase_migrations.seed_files')").fetchone()
    if row == (None,) and not is_new:
        return []
    connection.execute(_CREATE_SEEDS)
    rows = connection.execute("select path from supabase_migrations.seed_files")
    known = {path for (path,) in rows}
    root = plan.supabase.parent
    return [path for path in plan.seeds if path.relative_to(root).as_posix() not in known]


def _is_role_of_another_database(failure: StatementError) -> bool:
    """Whether the statement makes a role that exists: roles are shared by all databases."""
    head = failure.statement.head
    return failure.error.sqlstate == "42710" and head.startswith(("create role", "create user"))
