"""`edge db push`: connect to the hosted database, compare, apply, report how far it got."""

from collections.abc import Collection, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from edge.cli.db.url import CURE, describe_host
from edge.emulator.postgres.migrations import find_migrations
from edge.emulator.postgres.push import Plan, plan_push, push
from edge.errors import EdgeError

_CONNECT_SECONDS = 15


@dataclass(frozen=True, slots=True)
class Push:
    """Push of the migrations below `workdir` to the database at `url`."""

    url: str
    workdir: Path
    include_all: bool = False

    @property
    def host(self) -> str:
        """Host and database name, without the password."""
        return describe_host(self.url)

    def plan(self) -> list[str]:
        """Return the names of the files that would be applied."""
        with self._connect() as connection:
            return [migration.path.name for migration in self._plan(connection).new]

    def apply(self, only: Collection[str] | None = None) -> list[str]:
        """Apply them, or those of the names in `only`, and return their names.

        Raises EdgeError if one fails; the message lists those applied before it.
        """
        applied: list[str] = []
        with self._connect() as connection:
            plan = self._plan(connection)
            if only is not None:
                plan = Plan(tuple(each for each in plan.new if each.path.name in only))
            try:
                for migration in push(connection, plan):
                    applied.append(migration.path.name)
            except EdgeError as exc:
                raise EdgeError(_how_far(exc, plan, applied), cure=exc.cure) from exc
        return applied

    def _plan(self, connection: psycopg.Connection) -> Plan:
        folder = self.workdir / "supabase/migrations"
        if not folder.is_dir():
            raise EdgeError(f"There is no {folder}.", cure="Name the project: --workdir DIR")
        return plan_push(connection, find_migrations(folder), include_all=self.include_all)

    @contextmanager
    def _connect(self) -> Generator[psycopg.Connection]:
        host = self.host
        try:
            with psycopg.connect(
                self.url,
                autocommit=True,
                connect_timeout=_CONNECT_SECONDS,
                prepare_threshold=None,
                application_name="edge db push",
            ) as connection:
                yield connection
        except psycopg.Error as exc:
            raise EdgeError(f"The database {host} failed: {exc}", cure=CURE) from exc


def _how_far(failure: EdgeError, plan: Plan, applied: list[str]) -> str:
    names = [migration.path.name for migration in plan.new]
    left = names[len(applied) + 1 :]
    lines = [str(failure)]
    lines += [f"  applied before it: {', '.join(applied)}"] if applied else []
    lines += [f"  not tried: {', '.join(left)}"] if left else []
    return "\n".join(lines)
