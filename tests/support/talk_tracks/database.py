"""Factory of users with a deck in a database, and the RPC steps of workers."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import psycopg
from psycopg.types.json import Jsonb

SIZE = 10


@dataclass(frozen=True, slots=True)
class Owner:
    """A user with a project and a deck; statements run as the superuser unless `signed_in`."""

    connection: psycopg.Connection
    id: str
    project_id: str
    deck_id: str

    def add_deck(self, slides: int) -> str:
        return _add_deck(self.connection, self.id, self.project_id, slides)

    def add_job(self, deck_id: str | None = None, **columns: Any) -> str:
        values = {
            "user_id": self.id,
            "funnel_project_id": self.project_id,
            "deck_structure_id": deck_id or self.deck_id,
            **columns,
        }
        names, places = ", ".join(values), ", ".join(f"%({name})s" for name in values)
        statement = f"insert into public.talk_track_jobs ({names}) values ({places})"
        return self.ask(f"{statement} returning id::text", **values)

    def ask(self, statement: str, **values: Any) -> Any:
        """Return the first column of the first row."""
        row = self.connection.execute(statement.encode(), values).fetchone()
        return row[0] if row else None

    def job(self, job_id: str) -> dict[str, Any]:
        return self.ask(
            "select to_jsonb(j) from public.talk_track_jobs j where id = %(id)s", id=job_id
        )

    def claim(self, job_id: str, seconds: float = 60) -> dict[str, Any]:
        statement = f"select public.claim_talk_track_job_v1(%(id)s, %(seconds)s, {SIZE})"
        return self.ask(statement, id=job_id, seconds=seconds)

    def claim_next(self) -> dict[str, Any] | None:
        return self.ask(f"select public.claim_next_talk_track_job_v1(60, {SIZE})")

    def renew(self, job_id: str, token: str) -> bool:
        statement = "select public.renew_talk_track_lease_v1(%(id)s, %(token)s, 60)"
        return self.ask(statement, id=job_id, token=token)

    def save(self, job_id: str, token: str, index: int, numbers: range) -> bool:
        slides = [
            {"slideNumber": n, "script": "Hello.", "duration": 20, "notes": ""} for n in numbers
        ]
        statement = (
            "select public.save_talk_track_chunk_v1(%(id)s, %(token)s, %(index)s, %(slides)s,"
            """ '{"seconds": 2}')"""
        )
        return self.ask(statement, id=job_id, token=token, index=index, slides=Jsonb(slides))

    def save_all(self, job_id: str, token: str, slides: int = 55) -> None:
        for index in range((slides + SIZE - 1) // SIZE):
            first = index * SIZE + 1
            assert self.save(job_id, token, index, range(first, min(first + SIZE, slides + 1)))

    def finish(self, job_id: str, token: str) -> bool:
        track: dict[str, Any] = {
            "content": "# Talk",
            "slide_timings": {},
            "total_duration": 20,
            "metadata": {},
        }
        statement = "select public.finish_talk_track_job_v1(%(id)s, %(token)s, %(track)s)"
        return self.ask(statement, id=job_id, token=token, track=Jsonb(track))

    def fail(self, job_id: str, token: str) -> bool:
        statement = "select public.fail_talk_track_job_v1(%(id)s, %(token)s, 'It failed.')"
        return self.ask(statement, id=job_id, token=token)

    @contextmanager
    def signed_in(self, role: str = "authenticated") -> Generator[None]:
        """Act as the user in a transaction that is rolled back."""
        claims = json.dumps({"sub": self.id, "role": role})
        with self.connection.transaction(force_rollback=True):
            self.connection.execute("select set_config('request.jwt.claims', %s, true)", (claims,))
            self.connection.execute(f"set local role {role}".encode())
            yield


def add_owner(connection: psycopg.Connection, slides: int = 55) -> Owner:
    user_id = str(uuid4())
    connection.execute("insert into auth.users (id) values (%s)", (user_id,))
    row = connection.execute(
        "insert into public.funnel_projects (user_id, name)"
        " values (%s, 'Launch') returning id::text",
        (user_id,),
    ).fetchone()
    assert row
    return Owner(connection, user_id, row[0], _add_deck(connection, user_id, row[0], slides))


def _add_deck(connection: psycopg.Connection, user_id: str, project_id: str, slides: int) -> str:
    row = connection.execute(
        "insert into public.deck_structures (user_id, funnel_project_id, slides)"
        " values (%s, %s, %s) returning id::text",
        (user_id, project_id, Jsonb([{"slideNumber": n + 1, "title": "T"} for n in range(slides)])),
    ).fetchone()
    assert row
    return row[0]
