"""Store in one SQLite file, for one instance without Postgres; statements run in a thread."""

import asyncio
import json
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from backend.chat.json_text import read_beside, render_beside
from backend.chat.messages import Message
from backend.chat.stores.store import (
    LEASE_SECONDS,
    MOST_BYTES,
    MOST_MESSAGES,
    Run,
    SessionFullError,
    SessionNotFoundError,
    StoreError,
    render_session,
    title_of,
)

_T = TypeVar("_T")
_TABLES: Final = """
create table if not exists sessions (
    session_id text primary key, owner_id text, video_id text, collection_id text,
    metadata text not null, created_at real not null, updated_at real not null);
create table if not exists conversations (
    position integer primary key autoincrement, session_id text not null, msg_id text not null,
    conv_id text not null, msg_type text not null, status text not null, message text not null,
    created_at real not null, updated_at real not null, unique (session_id, msg_id),
    foreign key (session_id) references sessions on delete cascade);
create table if not exists context_messages (
    session_id text primary key, context text not null, updated_at real not null,
    foreign key (session_id) references sessions on delete cascade);
create table if not exists runs (
    position integer primary key autoincrement, session_id text not null, msg_id text not null,
    output_id text not null, message text not null, state text not null default 'waiting',
    stages text not null default '{}', attempts integer not null default 0, worker text,
    lease_expires_at real, unique (session_id, msg_id),
    foreign key (session_id) references sessions on delete cascade);
create index if not exists runs_unfinished on runs (position) where state <> 'finished';
"""
_CLAIM: Final = """
    update runs set state = 'running', worker = ?, attempts = attempts + 1, lease_expires_at = ?
    where position = (
        select r.position from runs r
        where (r.state = 'waiting' or r.state = 'running' and r.lease_expires_at < ?)
          and not exists (
            select 1 from runs earlier where earlier.session_id = r.session_id
              and earlier.state <> 'finished' and earlier.position < r.position)
        order by r.position limit 1)
    returning message, output_id, stages, attempts,
        (select owner_id from sessions s where s.session_id = runs.session_id)"""
_OUTPUT: Final = """
    insert into conversations
        (session_id, msg_id, conv_id, msg_type, status, message, created_at, updated_at)
    select :session_id, :msg_id, :conv_id, 'output', :status, :message, :now, :now
    where exists (select 1 from sessions where session_id = :session_id)
    on conflict (session_id, msg_id) do update
        set status = excluded.status, message = excluded.message, updated_at = excluded.updated_at
        where conversations.msg_type = 'output' and conversations.status = 'progress'
    returning 1"""


class SqliteStore:
    """Store at a sqlite:///FILE URL."""

    def __init__(self, url: str) -> None:
        self._path = Path(url.removeprefix("sqlite://"))
        self._connection: sqlite3.Connection | None = None
        self._lock = asyncio.Lock()

    async def open(self) -> None:
        """Open the file; it is made with its tables if it is not there."""

        def run() -> sqlite3.Connection:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(self._path, check_same_thread=False, timeout=10)
            connection.execute("pragma journal_mode = wal")
            connection.execute("pragma foreign_keys = on")
            connection.executescript(_TABLES)
            return connection

        try:
            self._connection = await asyncio.to_thread(run)
        except (sqlite3.Error, OSError) as exc:
            raise StoreError(f"{self._path} cannot be opened.") from exc

    async def close(self) -> None:
        """Close the file."""
        async with self._lock:
            if self._connection:
                self._connection.close()
            self._connection = None

    async def check(self) -> bool:
        """Return whether the file is open."""
        return self._connection is not None

    async def begin(
        self, message: Message, output_id: str, owner: str | None
    ) -> dict[str, Any] | None:
        """Store an input, its run and its session. See Store."""

        def run(connection: sqlite3.Connection) -> dict[str, Any] | None:
            _keep_session(connection, message, owner)
            key = (message.session_id, message.msg_id)
            rendered = json.dumps(message.render())
            now = time.time()
            stored = connection.execute(
                "insert into conversations (session_id, msg_id, conv_id, msg_type, status, message,"
                " created_at, updated_at) values (?, ?, ?, 'input', 'success', ?, ?, ?)"
                " on conflict do nothing returning 1",
                (*key, message.conv_id, rendered, now, now),
            ).fetchone()
            if not stored:
                found = connection.execute(
                    "select m.message from runs r join conversations m"
                    " on m.session_id = r.session_id and m.msg_id = r.output_id"
                    " where r.session_id = ? and r.msg_id = ?",
                    key,
                ).fetchone()
                return json.loads(found[0]) if found else {}
            count, size = connection.execute(
                "select (select count(*) from runs where session_id = ?1),"
                " (select sum(length(message)) from conversations where session_id = ?1)",
                key[:1],
            ).fetchone()
            if count >= MOST_MESSAGES or size > MOST_BYTES:
                raise SessionFullError
            connection.execute(
                "insert into runs (session_id, msg_id, output_id, message) values (?, ?, ?, ?)",
                (*key, output_id, rendered),
            )
            return None

        return await self._run(run)

    async def claim(self, worker: str) -> Run | None:
        """Lease the oldest run that may be worked on."""
        now = time.time()
        rows = await self._fetch(_CLAIM, (worker, now + LEASE_SECONDS, now))
        if not rows:
            return None
        message, output_id, stages, attempts, owner = rows[0]
        parsed = Message.model_validate_json(message)
        return Run(parsed, output_id, owner, (await read_beside([stages]))[0], attempts)

    async def renew(self, worker: str, runs: Sequence[Run]) -> None:
        """Extend the leases of these runs, as far as the worker still holds them."""
        values = [(time.time() + LEASE_SECONDS, worker, *_key(run)) for run in runs]
        await self._run(
            lambda connection: connection.executemany(
                "update runs set lease_expires_at = ? where worker = ? and state = 'running'"
                " and session_id = ? and msg_id = ?",
                values,
            )
        )

    async def release(self, worker: str) -> None:
        """Return the worker's runs; they do not count as attempts."""
        await self._fetch(
            "update runs set state = 'waiting', worker = null, attempts = max(attempts - 1, 0)"
            " where worker = ? and state = 'running'",
            (worker,),
        )

    async def record_stage(self, run: Run, stage: str, result: Mapping[str, Any]) -> None:
        """Store the result of a stage."""
        text = await render_beside(result)
        await self._fetch(
            "update runs set stages = json_set(stages, '$.' || ?, json(?))"
            " where session_id = ? and msg_id = ?",
            (stage, text, *_key(run)),
        )

    async def finish(self, run: Run) -> None:
        """End the run and forget the results of its stages."""
        await self._fetch(
            "update runs set state = 'finished', stages = '{}', worker = null"
            " where session_id = ? and msg_id = ?",
            _key(run),
        )

    async def save_output(self, message: Mapping[str, Any]) -> bool:
        """Insert or replace an output. See Store."""
        keys = ("session_id", "msg_id", "conv_id", "status")
        values = {key: message[key] for key in keys}
        values |= {"message": json.dumps(message), "now": time.time()}
        return bool(await self._fetch(_OUTPUT, values))

    async def fetch_output(self, session_id: str, msg_id: str) -> dict[str, Any] | None:
        """Return an output by its id."""
        rows = await self._fetch(
            "select message from conversations"
            " where session_id = ? and msg_id = ? and msg_type = 'output'",
            (session_id, msg_id),
        )
        return (await read_beside([rows[0][0]]))[0] if rows else None

    async def list_changed(
        self, session_ids: Sequence[str], seconds: float
    ) -> Sequence[tuple[str, str]]:
        """Return the outputs that changed in the last seconds."""
        rows = await self._fetch(
            "select session_id, msg_id from conversations"
            " where session_id in (select value from json_each(?)) and msg_type = 'output'"
            " and updated_at > ? order by position",
            (json.dumps(session_ids), time.time() - seconds),
        )
        return [(session_id, msg_id) for session_id, msg_id in rows]

    async def list_sessions(self, owner: str | None) -> list[dict[str, Any]]:
        """Return up to 500 sessions, newest first."""
        rows = await self._fetch(
            "select session_id, video_id, collection_id, created_at, updated_at, metadata"
            " from sessions where owner_id is ? order by created_at desc, session_id limit 500",
            (owner,),
        )
        return [_render(row) for row in rows]

    async def fetch_session(self, session_id: str, owner: str | None) -> dict[str, Any] | None:
        """Return the session with its messages."""

        def run(connection: sqlite3.Connection) -> dict[str, Any] | None:
            row = connection.execute(
                "select session_id, video_id, collection_id, created_at, updated_at, metadata"
                " from sessions where session_id = ? and owner_id is ?",
                (session_id, owner),
            ).fetchone()
            if row is None:
                return None
            messages = connection.execute(
                "select message from conversations where session_id = ? order by position",
                (session_id,),
            ).fetchall()
            return {**_render(row), "conversation": [json.loads(each[0]) for each in messages]}

        return await self._run(run)

    async def is_owner(self, session_id: str, owner: str | None) -> bool:
        """Return whether the session is there and the owner's."""
        statement = "select 1 from sessions where session_id = ? and owner_id is ?"
        return bool(await self._fetch(statement, (session_id, owner)))

    async def delete_session(self, session_id: str, owner: str | None) -> bool:
        """Delete it; rows that refer to it follow."""
        statement = "delete from sessions where session_id = ? and owner_id is ? returning 1"
        return bool(await self._fetch(statement, (session_id, owner)))

    async def fetch_outputs(
        self, session_id: str, owner: str | None, *, conv_id: str | None = None, since: float = 0
    ) -> Sequence[dict[str, Any]]:
        """Return the newest outputs that changed after `since`."""
        rows = await self._fetch(
            "select m.message from conversations m join sessions s using (session_id)"
            " where session_id = ? and s.owner_id is ? and m.msg_type = 'output'"
            " and m.conv_id = coalesce(?, m.conv_id) and m.updated_at > ?"
            " order by m.position desc limit 50",
            (session_id, owner, conv_id, since),
        )
        return await read_beside(row[0] for row in reversed(rows))

    async def save_context(self, session_id: str, context: Mapping[str, Any]) -> None:
        """Replace what agents remember of a session."""
        text = await render_beside(context)
        await self._fetch(
            "insert into context_messages (session_id, context, updated_at)"
            " select session_id, ?, ? from sessions where session_id = ?"
            " on conflict (session_id) do update set context = excluded.context,"
            " updated_at = excluded.updated_at",
            (text, time.time(), session_id),
        )

    async def fetch_context(self, session_id: str) -> dict[str, Any]:
        """Return what agents remember of a session."""
        statement = "select context from context_messages where session_id = ?"
        rows = await self._fetch(statement, (session_id,))
        return (await read_beside([rows[0][0]]))[0] if rows else {}

    async def _fetch(
        self, statement: str, values: tuple[Any, ...] | Mapping[str, Any]
    ) -> list[tuple[Any, ...]]:
        return await self._run(lambda connection: connection.execute(statement, values).fetchall())

    async def _run(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        """Run `work` in one transaction."""

        def run(connection: sqlite3.Connection) -> _T:
            with connection:
                return work(connection)

        async with self._lock:
            if self._connection is None:
                raise StoreError(f"{self._path} is closed.")
            try:
                return await asyncio.to_thread(run, self._connection)
            except sqlite3.Error as exc:
                raise StoreError(f"{self._path} cannot be read or written.") from exc


def _keep_session(connection: sqlite3.Connection, message: Message, owner: str | None) -> None:
    now = time.time()
    metadata = json.dumps({"title": title_of(message)})
    kept = connection.execute(
        "insert into sessions values (?, ?, ?, ?, ?, ?, ?) on conflict (session_id) do update"
        " set updated_at = excluded.updated_at,"
        " video_id = coalesce(excluded.video_id, sessions.video_id),"
        " collection_id = coalesce(excluded.collection_id, sessions.collection_id)"
        " where sessions.owner_id is excluded.owner_id returning 1",
        (message.session_id, owner, message.video_id, message.collection_id, metadata, now, now),
    ).fetchone()
    if not kept:
        raise SessionNotFoundError


def _key(run: Run) -> tuple[str, str]:
    return (run.message.session_id, run.message.msg_id)


def _render(row: tuple[Any, ...]) -> dict[str, Any]:
    session_id, video_id, collection_id, created, updated, metadata = row
    return render_session(
        session_id, video_id, collection_id, (created, updated), json.loads(metadata)
    )
