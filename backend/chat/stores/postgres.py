"""Store in Postgres: public.chat_sessions, chat_messages, chat_context and chat.runs."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, LiteralString

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from backend.chat.json_text import read_beside, read_members, render_beside
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

_SESSION: Final = """
    insert into public.chat_sessions (session_id, owner_id, video_id, collection_id, metadata)
    values (%(session_id)s, %(owner)s, %(video_id)s, %(collection_id)s, %(metadata)s)
    on conflict (session_id) do update
        set updated_at = clock_timestamp(),
            video_id = coalesce(excluded.video_id, chat_sessions.video_id),
            collection_id = coalesce(excluded.collection_id, chat_sessions.collection_id)
        where chat_sessions.owner_id is not distinct from excluded.owner_id
    returning
        (select count(*) from chat.runs r where r.session_id = %(session_id)s) as runs,
        (select coalesce(sum(pg_column_size(m.message)), 0)
         from public.chat_messages m where m.session_id = %(session_id)s) as size"""
_INPUT: Final = """
    insert into public.chat_messages (session_id, msg_id, conv_id, msg_type, status, message)
    values (%(session_id)s, %(msg_id)s, %(conv_id)s, 'input', 'success', %(message)s)
    on conflict do nothing returning true as stored"""
_RUN: Final = """
    insert into chat.runs (session_id, msg_id, output_id, message)
    values (%(session_id)s, %(msg_id)s, %(output_id)s, %(message)s)"""
_STORED_OUTPUT: Final = """
    select m.message::text
    from chat.runs r
    join public.chat_messages m on (m.session_id, m.msg_id) = (r.session_id, r.output_id)
    where r.session_id = %(session_id)s and r.msg_id = %(msg_id)s"""
_CLAIM: Final = """
    update chat.runs set state = 'running', worker = %(worker)s, attempts = attempts + 1,
        lease_expires_at = clock_timestamp() + make_interval(secs => %(lease)s)
    where (session_id, msg_id) = (
        select r.session_id, r.msg_id from chat.runs r
        where (r.state = 'waiting'
               or r.state = 'running' and r.lease_expires_at < clock_timestamp())
          and not exists (
            select from chat.runs earlier
            where earlier.session_id = r.session_id and earlier.state <> 'finished'
              and earlier.position < r.position)
        order by r.position for update skip locked limit 1)
    returning message, output_id, attempts,
        (select jsonb_object_agg(name, value::text) from jsonb_each(stages) as s(name, value))
            as stages,
        (select s.owner_id::text from public.chat_sessions s
         where s.session_id = runs.session_id) as owner"""
_OUTPUT: Final = """
    insert into public.chat_messages (session_id, msg_id, conv_id, msg_type, status, message)
    select %(session_id)s, %(msg_id)s, %(conv_id)s, 'output', %(status)s, %(message)s
    where exists (select from public.chat_sessions s where s.session_id = %(session_id)s)
    on conflict (session_id, msg_id) do update
        set status = excluded.status, message = excluded.message, updated_at = clock_timestamp()
        where chat_messages.msg_type = 'output' and chat_messages.status = 'progress'
    returning true as stored"""
_SESSIONS: Final = """
    select session_id, video_id, collection_id, metadata,
        extract(epoch from created_at)::float8 as created,
        extract(epoch from updated_at)::float8 as updated
    from public.chat_sessions
    where owner_id is not distinct from %(owner)s::uuid
        and session_id = coalesce(%(session_id)s, session_id)
    order by created_at desc, session_id limit 500"""

_CONTEXT: Final = """
    select c.name, inside.name as member, inside.value::text as text,
        case when inside.name is null then c.value::text end as value
    from public.chat_context, jsonb_each(context) as c(name, value)
    left join lateral jsonb_each(
        case when jsonb_typeof(c.value) = 'object' then c.value end
    ) as inside(name, value) on true
    where session_id = %(session_id)s"""
"""Each member of a context, of an object each of its members: texts that are read one by one."""


class PostgresStore:
    """Store at a postgres:// URL; each call is one transaction of a pooled connection."""

    def __init__(self, url: str) -> None:
        self._pool = AsyncConnectionPool[AsyncConnection[DictRow]](
            url,
            min_size=1,
            max_size=8,
            timeout=10,
            open=False,
            kwargs={"row_factory": dict_row, "prepare_threshold": None},
        )

    async def open(self) -> None:
        """Connect; waits up to 30 s."""
        try:
            await self._pool.open(wait=True, timeout=30)
        except PoolTimeout as exc:
            raise StoreError("The database cannot be reached.") from exc

    async def close(self) -> None:
        """Close the connections."""
        await self._pool.close()

    async def check(self) -> bool:
        """Return whether the tables are there."""
        try:
            await self._fetch("select from chat.runs limit 1", {})
        except StoreError:
            return False
        return True

    async def begin(
        self, message: Message, output_id: str, owner: str | None
    ) -> dict[str, Any] | None:
        """Store an input, its run and its session. See Store."""
        values = {
            "session_id": message.session_id,
            "owner": owner,
            "video_id": message.video_id,
            "collection_id": message.collection_id,
            "metadata": Jsonb({"title": title_of(message)}),
            "msg_id": message.msg_id,
            "conv_id": message.conv_id,
            "output_id": output_id,
            "message": Jsonb(message.render()),
        }
        async with self._connection() as connection:
            session = await (await connection.execute(_SESSION, values)).fetchone()
            if session is None:
                raise SessionNotFoundError
            if await (await connection.execute(_INPUT, values)).fetchone() is None:
                found = await (await connection.execute(_STORED_OUTPUT, values)).fetchone()
                return (await read_beside([found["message"]]))[0] if found else {}
            if session["runs"] >= MOST_MESSAGES or session["size"] > MOST_BYTES:
                raise SessionFullError
            await connection.execute(_RUN, values)
        return None

    async def claim(self, worker: str) -> Run | None:
        """Lease the oldest run that may be worked on."""
        rows = await self._fetch(_CLAIM, {"worker": worker, "lease": LEASE_SECONDS})
        if not rows:
            return None
        row = rows[0]
        return Run(
            message=Message.model_validate(row["message"]),
            output_id=row["output_id"],
            owner=row["owner"],
            stages=await read_members(row["stages"] or {}),
            attempts=row["attempts"],
        )

    async def renew(self, worker: str, runs: Sequence[Run]) -> None:
        """Extend the leases of these runs, as far as the worker still holds them."""
        await self._execute(
            "update chat.runs"
            " set lease_expires_at = clock_timestamp() + make_interval(secs => %(lease)s)"
            " where worker = %(worker)s and state = 'running' and (session_id, msg_id) in"
            " (select * from unnest(%(session_ids)s::text[], %(msg_ids)s::text[]))",
            {
                "worker": worker,
                "lease": LEASE_SECONDS,
                "session_ids": [run.message.session_id for run in runs],
                "msg_ids": [run.message.msg_id for run in runs],
            },
        )

    async def release(self, worker: str) -> None:
        """Return the worker's runs; they do not count as attempts."""
        await self._execute(
            "update chat.runs"
            " set state = 'waiting', worker = null, attempts = greatest(attempts - 1, 0)"
            " where worker = %(worker)s and state = 'running'",
            {"worker": worker},
        )

    async def record_stage(self, run: Run, stage: str, result: Mapping[str, Any]) -> None:
        """Store the result of a stage."""
        await self._execute(
            "update chat.runs set stages = stages || %(stages)s::jsonb"
            " where session_id = %(session_id)s and msg_id = %(msg_id)s",
            {"stages": await render_beside({stage: result}), **_key(run)},
        )

    async def finish(self, run: Run) -> None:
        """End the run and forget the results of its stages."""
        await self._execute(
            "update chat.runs set state = 'finished', stages = '{}', worker = null"
            " where session_id = %(session_id)s and msg_id = %(msg_id)s",
            _key(run),
        )

    async def save_output(self, message: Mapping[str, Any]) -> bool:
        """Insert or replace an output. See Store."""
        values = {
            "session_id": message["session_id"],
            "msg_id": message["msg_id"],
            "conv_id": message["conv_id"],
            "status": message["status"],
            "message": Jsonb(dict(message)),
        }
        return bool(await self._fetch(_OUTPUT, values))

    async def fetch_output(self, session_id: str, msg_id: str) -> dict[str, Any] | None:
        """Return an output by its id."""
        rows = await self._fetch(
            "select message::text from public.chat_messages"
            " where session_id = %(session_id)s and msg_id = %(msg_id)s and msg_type = 'output'",
            {"session_id": session_id, "msg_id": msg_id},
        )
        return (await read_beside([rows[0]["message"]]))[0] if rows else None

    async def list_changed(
        self, session_ids: Sequence[str], seconds: float
    ) -> Sequence[tuple[str, str]]:
        """Return the outputs that changed in the last seconds."""
        rows = await self._fetch(
            "select session_id, msg_id from public.chat_messages"
            " where session_id = any(%(session_ids)s) and msg_type = 'output'"
            " and updated_at > clock_timestamp() - make_interval(secs => %(seconds)s)"
            " order by position",
            {"session_ids": list(session_ids), "seconds": seconds},
        )
        return [(row["session_id"], row["msg_id"]) for row in rows]

    async def list_sessions(self, owner: str | None) -> list[dict[str, Any]]:
        """Return up to 500 sessions, newest first."""
        rows = await self._fetch(_SESSIONS, {"owner": owner, "session_id": None})
        return [_render(row) for row in rows]

    async def fetch_session(self, session_id: str, owner: str | None) -> dict[str, Any] | None:
        """Return the session with its messages."""
        async with self._connection() as connection:
            row = await self._find(connection, session_id, owner)
            if row is None:
                return None
            messages = await connection.execute(
                "select message::text from public.chat_messages where session_id = %s"
                " order by position",
                (session_id,),
            )
            texts = [each["message"] for each in await messages.fetchall()]
        conversation = await read_beside(texts)
        return {**_render(row), "conversation": conversation}

    async def is_owner(self, session_id: str, owner: str | None) -> bool:
        """Return whether the session is there and the owner's."""
        async with self._connection() as connection:
            return await self._find(connection, session_id, owner) is not None

    async def delete_session(self, session_id: str, owner: str | None) -> bool:
        """Delete it; rows that refer to it follow."""
        rows = await self._fetch(
            "delete from public.chat_sessions where session_id = %(session_id)s"
            " and owner_id is not distinct from %(owner)s::uuid returning true as deleted",
            {"session_id": session_id, "owner": owner},
        )
        return bool(rows)

    async def fetch_outputs(
        self, session_id: str, owner: str | None, *, conv_id: str | None = None, since: float = 0
    ) -> Sequence[dict[str, Any]]:
        """Return the newest outputs that changed after `since`."""
        rows = await self._fetch(
            "select m.message::text from public.chat_messages m"
            " join public.chat_sessions s using (session_id)"
            " where session_id = %(session_id)s and s.owner_id is not distinct from %(owner)s::uuid"
            " and m.msg_type = 'output' and m.conv_id = coalesce(%(conv_id)s, m.conv_id)"
            " and m.updated_at > to_timestamp(%(since)s::float8) order by m.position desc limit 50",
            {"session_id": session_id, "owner": owner, "conv_id": conv_id, "since": since},
        )
        return await read_beside(row["message"] for row in reversed(rows))

    async def save_context(self, session_id: str, context: Mapping[str, Any]) -> None:
        """Replace what agents remember of a session."""
        await self._execute(
            "insert into public.chat_context (session_id, context)"
            " select session_id, %(context)s::jsonb from public.chat_sessions"
            " where session_id = %(session_id)s on conflict (session_id)"
            " do update set context = excluded.context, updated_at = now()",
            {"session_id": session_id, "context": await render_beside(context)},
        )

    async def fetch_context(self, session_id: str) -> dict[str, Any]:
        """Return what agents remember of a session."""
        rows = await self._fetch(_CONTEXT, {"session_id": session_id})
        context = await read_members({row["name"]: row["value"] for row in rows if row["value"]})
        for name in {row["name"] for row in rows if row["member"] is not None}:
            members = {row["member"]: row["text"] for row in rows if row["name"] == name}
            context[name] = await read_members(members)
        return context

    async def _find(
        self, connection: AsyncConnection[DictRow], session_id: str, owner: str | None
    ) -> DictRow | None:
        cursor = await connection.execute(_SESSIONS, {"owner": owner, "session_id": session_id})
        return await cursor.fetchone()

    async def _fetch(self, statement: LiteralString, values: Mapping[str, Any]) -> list[DictRow]:
        async with self._connection() as connection:
            return await (await connection.execute(statement, values)).fetchall()

    async def _execute(self, statement: LiteralString, values: Mapping[str, Any]) -> None:
        async with self._connection() as connection:
            await connection.execute(statement, values)

    @asynccontextmanager
    async def _connection(self) -> AsyncGenerator[AsyncConnection[DictRow]]:
        try:
            async with self._pool.connection() as connection:
                yield connection
        except (psycopg.Error, PoolTimeout) as exc:
            raise StoreError("The database cannot be reached or refused the statement.") from exc


def _key(run: Run) -> dict[str, str]:
    return {"session_id": run.message.session_id, "msg_id": run.message.msg_id}


def _render(row: DictRow) -> dict[str, Any]:
    times = (row["created"], row["updated"])
    ids = (row["session_id"], row["video_id"], row["collection_id"])
    return render_session(*ids, times, row["metadata"])
