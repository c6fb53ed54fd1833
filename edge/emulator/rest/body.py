"""Read request bodies: large ones only with the right to write, and parsed by other processes.

Postgres inspects JSON, and a program converts CSV. Only a few large bodies are in memory at a time.
"""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from psycopg.pq.abc import PGresult
from starlette.types import Receive

from edge.bodies import join
from edge.emulator.dense_json import is_dense
from edge.emulator.rest.arriving import ArrivingBody, ArrivingBytes
from edge.emulator.rest.config import RestConfig
from edge.emulator.rest.database import Database
from edge.emulator.rest.errors import RestError, rest_error
from edge.emulator.rest.execute import run_as
from edge.emulator.rest.long_heads import LongHeads
from edge.emulator.rest.postgres_errors import permission_denied
from edge.emulator.rest.query.integers import parse_digits
from edge.emulator.rest.request import media
from edge.emulator.rest.request.api_request import Action, ApiRequest, RawRequest, parse_request
from edge.emulator.rest.request.identity import Identity
from edge.emulator.rest.request.payload import (
    MAX_ROWS,
    Payload,
    invalid_body,
    parse_payload,
)

_SMALL: Final = 64 * 1024
_SMALL_TEXT: Final = 8 * 1024
"""Of a CSV or a form."""
_MAX_FORM: Final = 1024 * 1024
_AT_ONCE: Final = 4
_MOST_ARRIVING: Final = 300 * 1024 * 1024
_MOST_ARRIVING_EACH: Final = 200 * 1024 * 1024
_SLOT_SECONDS: Final = 10.0
_SCHEMA: Final = Path(__file__).parent / "schema"
_INSPECT: Final = (_SCHEMA / "inspect_json.sql").read_bytes()
_MAY_WRITE: Final = (_SCHEMA / "may_write.sql").read_bytes()
_MAY_CALL: Final = (_SCHEMA / "may_call.sql").read_bytes()
_MAX_KEYS: Final = 2_001
_LONGEST_KEY: Final = 1_000
"""No table has as many columns, and no name is as long: what is left out changes no answer."""
_INVALID_JSON: Final = frozenset({"22P02", "22P05", "22021", "54001"})
_NOT_OBJECTS: Final = "22023"


class ClientDisconnectedError(Exception):
    """The client disconnected; no response is sent."""


@dataclass(slots=True)
class _Reading:
    """A body while it arrives."""

    receive: Receive
    limit: int
    size: int = 0
    is_complete: bool = False
    body: ArrivingBody | None = None
    _chunks: list[bytes] = field(default_factory=list[bytes])

    async def read(self, until: int) -> None:
        """Read more than `until` bytes, or all; raises EDGE_BODY_TOO_LARGE."""
        while not self.is_complete and self.size <= until:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnectedError
            chunk: bytes = message.get("body", b"")
            self.size += len(chunk)
            if self.size > self.limit:
                raise rest_error("EDGE_BODY_TOO_LARGE", limit=self.limit)
            if self.body:
                self.body.add(len(chunk))
            self._chunks.append(chunk)
            self.is_complete = not message.get("more_body", False)

    async def take(self) -> bytes:
        chunks, self._chunks = self._chunks, []
        return await join(chunks)

    def keep(self, body: bytes) -> None:
        self._chunks.append(body)


class BodyReader:
    """Reads the bodies of one data API's requests."""

    def __init__(self, database: Database, config: RestConfig, heads: LongHeads) -> None:
        self._database = database
        self._config = config
        self._heads = heads
        self._arriving = ArrivingBytes(_MOST_ARRIVING, _MOST_ARRIVING_EACH)
        self._slots = asyncio.Semaphore(_AT_ONCE)

    @asynccontextmanager
    async def read(
        self, head: RawRequest, identity: Identity, receive: Receive, client: str
    ) -> AsyncGenerator[RawRequest]:
        """Yield the request with its body; a large one comes with its payload."""
        declared = parse_digits(head.headers.get("content-length", "")) or 0
        if declared > self._config.max_body:
            raise rest_error("EDGE_BODY_TOO_LARGE", limit=self._config.max_body)
        reading = _Reading(receive, self._config.max_body)
        content_type = media.parse_content_type(head.headers.get("content-type"))
        small = _SMALL_TEXT if content_type in {media.CSV, media.FORM} else _SMALL
        if declared <= small:
            await reading.read(small)
        if reading.is_complete and reading.size <= small:
            body = await reading.take()
            if content_type != media.JSON or not is_dense(body):
                yield replace(head, body=body)
                return
            reading.keep(body)
        async with AsyncExitStack() as exits:
            request = await self._require_rights(head, identity)
            reading.body = exits.enter_context(self._arriving.body(client))
            await self._read_rest(request, reading)
            await self._take_slot(exits)
            yield await self._parse_large(request, identity, reading)

    async def _take_slot(self, exits: AsyncExitStack) -> None:
        try:
            await asyncio.wait_for(self._slots.acquire(), _SLOT_SECONDS)
        except TimeoutError as exc:
            raise rest_error("EDGE_TOO_MANY_BODIES") from exc
        exits.callback(self._slots.release)

    async def _require_rights(self, head: RawRequest, identity: Identity) -> ApiRequest:
        """Refuse what fails whatever the body: malformed requests and missing privileges."""
        head = replace(head, payload=Payload(b"[]"))
        request = await self._heads.run(head, parse_request, head, self._config)
        if request.payload is None or not request.name:
            return request
        privilege = "update" if request.action is Action.UPDATE else "insert"
        query = _MAY_CALL if request.is_routine else _MAY_WRITE
        statement = query, (request.schema, request.name, privilege)
        results = await self._run(identity, statement)
        if not results.ntuples or results.get_value(0, 0) is None:
            return request  # unknown, for planning to say so
        may_use_schema, may_write, kind = (results.get_value(0, n) for n in range(3))
        is_anonymous = identity.role == self._config.anon_role
        if may_use_schema != b"t":
            raise permission_denied("schema", request.schema, is_anonymous=is_anonymous)
        if may_write != b"t":
            named = (kind or b"").decode()
            raise permission_denied(named, request.name, is_anonymous=is_anonymous)
        return request

    async def _read_rest(self, request: ApiRequest, reading: _Reading) -> None:
        if request.payload is None:  # as of GET and DELETE
            return
        is_form = request.content_type == media.FORM
        reading.limit = min(reading.limit, _MAX_FORM) if is_form else reading.limit
        await reading.read(reading.limit)

    async def _parse_large(
        self, request: ApiRequest, identity: Identity, reading: _Reading
    ) -> RawRequest:
        if request.payload is None:
            return request.raw
        raw = replace(request.raw, body=await reading.take(), payload=None)
        payload = await self._parse(raw.body, request, identity)
        return replace(raw, body=b"", payload=payload)

    async def _parse(self, body: bytes, request: ApiRequest, identity: Identity) -> Payload:
        columns, is_call = request.query.columns, request.action is Action.CALL
        if request.content_type == media.CSV:
            from edge.emulator.rest.csv_program import convert_csv

            return await convert_csv(body, MAX_ROWS)
        if request.content_type != media.JSON:
            return await asyncio.to_thread(
                parse_payload, body, request.content_type, columns, for_routine=is_call
            )
        found = await self._inspect(body, identity)
        return found if columns is None else replace(found, raw=body, keys=columns)

    async def _inspect(self, body: bytes, identity: Identity) -> Payload:
        bounds = map(str, (MAX_ROWS, _MAX_KEYS, _LONGEST_KEY))
        try:
            result = await self._run(identity, (_INSPECT, (body, *bounds)))
        except RestError as exc:
            if exc.code in _INVALID_JSON:
                raise invalid_body("Empty or invalid json") from exc
            if exc.code == _NOT_OBJECTS:
                raise invalid_body("All object keys must match") from exc
            raise
        kind, rows, keys, is_uniform = (result.get_value(0, column) for column in range(4))
        if int(rows or 0) > MAX_ROWS:
            raise rest_error("EDGE_TOO_MANY_ROWS", limit=MAX_ROWS)
        if is_uniform != b"t":
            raise invalid_body("All object keys must match")
        if kind not in {b"object", b"array"} or rows == b"0":
            return Payload(b"[]")
        names = tuple(dict.fromkeys(json.loads(keys or b"[]")))
        return Payload(body, names, is_object=kind == b"object")

    async def _run(
        self, identity: Identity, statement: tuple[bytes, tuple[str | bytes, ...]]
    ) -> PGresult:
        cache = await self._database.schema()
        identity = replace(identity, settings=cache.role_settings.get(identity.role, ()))
        return await run_as(identity, statement, pool=self._database.pool, config=self._config)
