"""Rights to a private channel, as policies on realtime.messages decide them.

Follows supabase/realtime (authorization.ex): rows are inserted and selected as the caller in a
transaction that is rolled back.
"""

from dataclasses import dataclass
from typing import Any, Final

import psycopg

from edge.emulator.postgres.pool import Connection, Pool
from edge.emulator.realtime.hub import ChannelRights
from edge.emulator.realtime.join import Replay
from edge.emulator.realtime.tokens import Identity

_EXTENSIONS: Final = ("broadcast", "presence")
_INSERT: Final = """
insert into realtime.messages (topic, extension, event, payload, private)
values ($1, $2, 'authorization', '{}', true)"""
_AS_CALLER: Final = """
select set_config('realtime.topic', $1, true), set_config('request.jwt.claims', $2, true),
  set_config('request.jwt.claim.sub', $3, true), set_config('request.jwt.claim.role', $4, true),
  set_config('request.headers', '{}', true), set_config('role', $4, true)"""
_SELECT: Final = "select extension from realtime.messages where id = any($1::uuid[])"
_REPLAY: Final = """
select * from (
  select id::text, event, payload::text as payload, inserted_at from realtime.messages
  where topic = $1 and private and extension = 'broadcast' and payload is not null
    and inserted_at >= to_timestamp($2::double precision / 1000) at time zone 'utc'
  order by inserted_at desc limit $3) newest order by inserted_at"""


@dataclass(frozen=True, slots=True)
class Authorizer:
    """Asks Postgres, as the superuser, what callers may do."""

    pool: Pool

    async def ask(self, topic: str, identity: Identity) -> ChannelRights:
        """Return the rights to a topic. Raises psycopg.Error for policies that fail."""
        async with (
            self.pool.connection() as connection,
            connection.transaction(force_rollback=True),
        ):
            ids: list[str] = []
            for extension in _EXTENSIONS:
                row = await _fetch(connection, f"{_INSERT} returning id::text", topic, extension)
                ids.append(row[0]["id"])
            await _become(connection, topic, identity)
            readable = {row["extension"] for row in await _fetch(connection, _SELECT, ids)}
            writable = [each for each in _EXTENSIONS if await _can_insert(connection, topic, each)]
        return ChannelRights(frozenset(readable), frozenset(writable))

    async def replay(self, topic: str, replay: Replay) -> list[dict[str, Any]]:
        """Return the newest stored broadcasts of a private topic, oldest first."""
        async with self.pool.connection() as connection:
            return await _fetch(connection, _REPLAY, topic, replay.since, replay.limit)


async def _become(connection: Connection, topic: str, identity: Identity) -> None:
    values = (topic, identity.claims_json, identity.subject, identity.role)
    await connection.execute(_AS_CALLER.encode(), values)


async def _can_insert(connection: Connection, topic: str, extension: str) -> bool:
    try:
        async with connection.transaction(force_rollback=True):
            await connection.execute(_INSERT.encode(), (topic, extension))
    except psycopg.errors.InsufficientPrivilege:
        return False
    return True


async def _fetch(connection: Connection, query: str, *values: Any) -> list[dict[str, Any]]:
    return await (await connection.execute(query.encode(), values)).fetchall()
