"""A database with two users, and factories of transcripts."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg

Connection = psycopg.Connection[tuple[Any, ...]]

TABLES = ("videos", "transcripts", "transcript_chunks", "generated_outputs")


def vector(*leading: float) -> str:
    return json.dumps([*leading, *[0.0] * (1536 - len(leading))])


@dataclass(frozen=True)
class Database:
    """A database with two users, Ann and Bob; connections act as a role."""

    dsn: str
    ann: str
    bob: str

    @contextmanager
    def as_user(self, user: str) -> Iterator[Connection]:
        with self._as("authenticated", {"sub": user, "role": "authenticated"}) as connection:
            yield connection

    @contextmanager
    def as_service(self) -> Iterator[Connection]:
        with self._as("service_role", {"role": "service_role"}) as connection:
            yield connection

    @contextmanager
    def as_anon(self) -> Iterator[Connection]:
        with self._as("anon", {"role": "anon"}) as connection:
            yield connection

    @contextmanager
    def _as(self, role: str, claims: dict[str, str]) -> Iterator[Connection]:
        with psycopg.connect(self.dsn) as connection:
            connection.execute("select set_config('role', %s, true)", (role,))
            settings = ("request.jwt.claims", json.dumps(claims))
            connection.execute("select set_config(%s, %s, true)", settings)
            yield connection


def store(
    connection: Connection, digest: str = "h1", video: str = "v", chunks: list[Any] | None = None
) -> dict[str, Any]:
    given = chunks or [(0, vector(1), 0, 5), (1, vector(0, 1), 3, 8)]
    rows = [
        {"index": i, "text": f"chunk {i}", "embedding": e, "char_start": a, "char_end": b}
        for i, e, a, b in given
    ]
    row = connection.execute(
        "select public.store_transcript_v1(%s, %s, %s)",
        (
            json.dumps({"collection_id": "c", "video_id": video, "metadata": {digest: 1}}),
            json.dumps({"full_text": "01234567", "content_hash": digest, "metadata": {"n": 1}}),
            json.dumps(rows),
        ),
    ).fetchone()
    assert row
    return row[0]


def rows(connection: Connection, query: LiteralString, *values: Any) -> list[tuple[Any, ...]]:
    return connection.execute(query, values).fetchall()


def counts(connection: Connection) -> list[int]:
    return [
        connection.execute(f"select count(*) from public.{table}").fetchall()[0][0]  # type: ignore[arg-type]
        for table in TABLES
    ]


def store_as_ann(db: Database, digest: str) -> dict[str, Any]:
    with db.as_user(db.ann) as ann:
        return store(ann, digest)
