"""Answer what a role may use of a schema: the OpenAPI document, made beside the event loop.

Follows PostgREST's MainTx.hs (actionResult of InspectPlan).
"""

import asyncio
import json
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, TypeVar

import psycopg
from psycopg.pq.abc import PGresult

from edge.emulator.rest.config import RestConfig
from edge.emulator.rest.execute import run_for_request, set_config
from edge.emulator.rest.pool import Pool
from edge.emulator.rest.postgres_errors import translate
from edge.emulator.rest.record import record
from edge.emulator.rest.request.api_request import ApiRequest
from edge.emulator.rest.request.identity import Identity
from edge.emulator.rest.response.openapi import render_openapi
from edge.emulator.rest.response.openapi_parts import (
    Part,
    RelationFacts,
    RoutineFacts,
    describe_relation,
    describe_routine,
)
from edge.emulator.rest.schema.catalog import is_callable
from edge.emulator.rest.schema.model import Identifier, Parameter, SchemaCache

T = TypeVar("T")
_QUERIES: Final = Path(__file__).parent / "schema"
_MAX_BYTES: Final = 32 * 1024 * 1024
"""Of all documents that are kept."""
_TURN: Final = 0.001
"""Seconds of work after which the thread leaves the interpreter to the event loop."""
_PAUSE: Final = 0.0002


@record
class _Access:
    """What a role may use, by the oids of relations and routines, and the schema's comment."""

    relations: str
    routines: str
    comment: str | None


@record
class _Parts:
    """The parts of a schema's document, by oid; functions with their names, overloads in order."""

    relations: Mapping[str, Part]
    routines: Mapping[str, tuple[str, Part]]


class Describer:
    """Makes documents, and keeps the latest of one schema cache.

    Privileges are read for each request: roles that may use the same share a document.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._thread = ThreadPoolExecutor(1, "rest-openapi")
        self._making = asyncio.Lock()
        self._generation: object = None
        self._parts: dict[tuple[RestConfig, str], _Parts] = {}
        self._documents: OrderedDict[tuple[RestConfig, str, _Access], bytes] = OrderedDict()

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def describe(
        self, request: ApiRequest, identity: Identity, cache: SchemaCache, config: RestConfig
    ) -> bytes:
        """Return the document for the role; nothing for HEAD. Raises RestError."""
        access = await self._read_access(request, identity, config)
        if request.is_head:
            return b""
        key = (config, request.schema, access)
        async with self._making:
            self._forget_before(cache)
            document = self._documents.get(key)
            if document is None:
                parts = await self._describe_parts(cache, config, request.schema)
                document = await self._run(_assemble, config, access, parts)
                self._keep(key, document)
            else:
                self._documents.move_to_end(key)
            return document

    async def _read_access(
        self, request: ApiRequest, identity: Identity, config: RestConfig
    ) -> _Access:
        ignores = "true" if config.openapi_mode == "ignore-privileges" else "false"
        statement = _read_query("openapi_access"), (request.schema, ignores)
        result = await run_for_request(request, identity, statement, pool=self._pool, config=config)
        if not result.ntuples:
            return _Access("", "", None)
        relations, routines, comment = (result.get_value(0, column) for column in range(3))
        text = None if comment is None else comment.decode()
        return _Access((relations or b"").decode(), (routines or b"").decode(), text)

    def _forget_before(self, cache: SchemaCache) -> None:
        if self._generation is not cache.generation:
            self._generation = cache.generation
            self._parts.clear()
            self._documents.clear()

    def _keep(self, key: tuple[RestConfig, str, _Access], document: bytes) -> None:
        self._documents[key] = document
        while sum(map(len, self._documents.values())) > _MAX_BYTES:
            self._documents.popitem(last=False)

    async def _describe_parts(self, cache: SchemaCache, config: RestConfig, schema: str) -> _Parts:
        parts = self._parts.get((config, schema))
        if parts is None:
            relations, routines = await self._read_facts(schema, config)
            parts = await self._run(_make_parts, relations, routines, cache, schema)
            self._parts[config, schema] = parts
        return parts

    async def _read_facts(self, schema: str, config: RestConfig) -> tuple[PGresult, PGresult]:
        """Read what the schema cache lacks, as the login role."""
        follows = config.openapi_mode == "follow-privileges"
        unqualified = (schema, *config.extra_search_path) if follows else ()
        statements = (
            (set_config(("search_path",)), ("",)),
            (_read_query("openapi_relations"), (schema,)),
            (_read_query("openapi_routines"), (schema, unqualified)),
        )
        async with self._pool.connection() as connection:
            try:
                _, relations, routines = await connection.run(statements)
            except psycopg.Error as exc:
                raise translate(exc, is_anonymous=False) from exc
        return relations, routines

    async def _run(self, function: Any, *args: object) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, function, *args)


def _read_query(name: str) -> bytes:
    return (_QUERIES / f"{name}.sql").read_bytes()


def _make_parts(relations: PGresult, routines: PGresult, cache: SchemaCache, schema: str) -> _Parts:
    of_relations: dict[str, Part] = {}
    for oid, facts in _paced(_read_rows(relations)):
        facts["columns"] = tuple(facts["columns"])
        id_ = Identifier(schema, facts["name"])
        if relation := cache.relations.get(id_):
            found = cache.relationships.get(id_, ())
            tables_first = sorted(found, key=lambda each: _is_view(each.target, cache))
            of_relations[oid] = describe_relation(RelationFacts(**facts), relation, tables_first)
    of_routines = {oid: _routine(facts) for oid, facts in _paced(_read_rows(routines))}
    in_order = sorted(of_routines, key=lambda oid: of_routines[oid].place)
    return _Parts(
        of_relations,
        {
            oid: (of_routines[oid].name, describe_routine(of_routines[oid]))
            for oid in _paced(in_order)
            if is_callable(of_routines[oid].parameters)
        },
    )


def _read_rows(result: PGresult) -> Iterator[tuple[str, dict[str, Any]]]:
    for row in range(result.ntuples):
        oid, facts = result.get_value(row, 0), result.get_value(row, 1)
        yield (oid or b"").decode(), json.loads(facts or b"")


def _routine(facts: dict[str, Any]) -> RoutineFacts:
    facts["parameters"] = tuple(Parameter(**entry) for entry in facts["parameters"])
    return RoutineFacts(**facts)


def _is_view(name: Identifier, cache: SchemaCache) -> bool:
    relation = cache.relations.get(name)
    return relation is not None and relation.is_view


def _assemble(config: RestConfig, access: _Access, parts: _Parts) -> bytes:
    relations, routines = (set(text.split(",")) for text in (access.relations, access.routines))
    # the last overload that the role may call
    called = dict(found for oid, found in parts.routines.items() if oid in routines)
    shown = [part for oid, part in parts.relations.items() if oid in relations]
    return render_openapi(config, access.comment, shown, called.values())


def _paced(items: Iterable[T]) -> Iterator[T]:
    """Yield the items, and pause each millisecond: the event loop waits no longer for its turn."""
    until = time.monotonic() + _TURN
    for item in items:
        yield item
        if time.monotonic() >= until:
            time.sleep(_PAUSE)
            until = time.monotonic() + _TURN
