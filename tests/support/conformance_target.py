"""A Supabase project that the conformance cases are asked of in place of our own services.

`pytest tests/conformance --target URL --target-db DSN --target-jwt-secret SECRET` writes the cases'
tables into its schema public, and deletes its users. Cases with settings of their own are skipped.
"""

import re
import time
from dataclasses import dataclass

import httpx
import psycopg
import pytest

from edge.project.settings import DEFAULT_JWT_SECRET
from tests.support.waiting import PATIENCE

_INSERT = re.compile(r"^insert into ([\w.]+).*?;$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Target:
    """The project's URL, its database and the secret of its keys."""

    url: str
    dsn: str
    jwt_secret: str

    def execute(self, script: str) -> None:
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            connection.execute(script.encode())

    def make_tables(self, schema: str, headers: dict[str, str], path: str) -> None:
        """Write the schema, unless its tables are there; returns when `path` is answered."""
        if httpx.get(f"{self.url}{path}", headers=headers).status_code != 200:
            self.execute(f"begin; {schema}; commit; notify pgrst, 'reload schema'")
        deadline = time.monotonic() + PATIENCE
        while httpx.get(f"{self.url}{path}", headers=headers).status_code != 200:
            assert time.monotonic() < deadline, f"{path} is not answered"
            time.sleep(0.1)

    def restore_rows(self, schema: str) -> None:
        """Empty the tables and insert the schema's rows again, which an earlier case changed."""
        found = [(match[1], match[0]) for match in _INSERT.finditer(schema)]
        names = ", ".join(sorted({name for name, _ in found}))
        statements = "; ".join(statement.removesuffix(";") for _, statement in found)
        self.execute(f"begin; truncate {names} cascade; {statements}; commit")


def find_target(config: pytest.Config) -> Target | None:
    """Return the project that the command line names."""
    url: str | None = config.getoption("--target")
    dsn: str | None = config.getoption("--target-db")
    if url and not dsn:
        raise pytest.UsageError("--target needs --target-db, where the cases' tables are made")
    secret = config.getoption("--target-jwt-secret") or DEFAULT_JWT_SECRET
    return Target(url.rstrip("/"), dsn, secret) if url and dsn else None
