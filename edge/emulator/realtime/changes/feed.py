"""Changes of tables to channels: filtered, visible, in the order of their commits.

One stream reads two publications: supabase_realtime for changes, and the one of realtime.messages
for broadcasts from the database. It runs while channels exist.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import psycopg

from edge.emulator.postgres.pool import PoolBusyError, PostgresUnreachableError
from edge.emulator.realtime.changes.audience import Audience, Group
from edge.emulator.realtime.changes.catalog import Catalog, Rights, Table, render_condition
from edge.emulator.realtime.changes.pgoutput import Begin, Change, Relation, Row
from edge.emulator.realtime.changes.replication import ReplicationStream
from edge.emulator.realtime.changes.subscription import Filter
from edge.emulator.realtime.changes.values import compare, render_value
from edge.emulator.realtime.codec import UserBroadcast, dumps, encode_raw
from edge.emulator.realtime.hub import PREFIX, Hub, Key, frame_bytes
from edge.emulator.realtime.tokens import Identity
from edge.emulator.realtime.turns import Turn

_LOG: Final = logging.getLogger(__name__)
_FAILURES: Final = (psycopg.Error, PoolBusyError, PostgresUnreachableError)
_PUBLICATIONS: Final = "supabase_realtime,supabase_realtime_messages_publication"
_MAX_BYTES: Final = 1024 * 1024
_LARGE_VALUE: Final = 64
_PAUSE_SECONDS: Final = 0.5
_START_SECONDS: Final = 5.0

Texts = dict[str, str | None]
"""A row's values as text, by column; unchanged large values are left out."""


@dataclass(frozen=True, slots=True)
class _Event:
    """A change, with its rows as text and as JSON."""

    kind: str
    table: Table
    committed_at: datetime
    new: Texts
    old: Texts
    new_json: dict[str, str]
    old_json: dict[str, str]

    @property
    def row(self) -> Texts:
        """What filters compare: the new row, of a delete the old one."""
        return self.old if self.kind == "DELETE" else self.new


@dataclass(slots=True)
class ChangeFeed:
    """Runs the stream; `on_gap` is called when changes may have been missed."""

    hub: Hub
    catalog: Catalog
    dsn: str
    on_gap: Callable[[], None]
    _running: asyncio.Task[None] | None = field(default=None, init=False)
    _is_open: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _relations: dict[int, Relation] = field(default_factory=dict[int, Relation], init=False)
    _audience: Audience = field(init=False)

    def __post_init__(self) -> None:
        self._audience = Audience(self.hub)

    async def ensure_running(self) -> bool:
        """Start the stream if needed; returns whether it reads all commits from now on."""
        if self._running is None:
            self._running = asyncio.create_task(self._run(), name="realtime-changes")
        with suppress(TimeoutError):
            await asyncio.wait_for(self._is_open.wait(), _START_SECONDS)
        return self._is_open.is_set()

    async def stop(self) -> None:
        running, self._running = self._running, None
        self._is_open.clear()
        if running:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    async def _run(self) -> None:
        has_run = False
        while True:
            stream = ReplicationStream(self.dsn, _PUBLICATIONS)
            try:
                await stream.open()
                self._is_open.set()
                if has_run:
                    self.on_gap()
                has_run = True
                await self._follow(stream)
            except _FAILURES as exc:
                _LOG.warning("Reading changes failed and is retried: %s", str(exc).strip())
            finally:
                self._is_open.clear()
                stream.close()
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _follow(self, stream: ReplicationStream) -> None:
        committed_at = datetime.now(UTC)
        turn = Turn()
        while True:
            message = await stream.next()
            if isinstance(message, Begin):
                committed_at = message.committed_at
            elif isinstance(message, Relation):
                self._relations[message.oid] = message
                self.catalog.forget(message.oid)
            elif isinstance(message, Change):
                await self._handle(message, committed_at)
                await turn.share()

    async def _handle(self, change: Change, committed_at: datetime) -> None:
        relation = self._relations[change.relation_oid]
        if (relation.schema, relation.name) == ("realtime", "messages"):
            self._broadcast(relation, change)
            return
        groups = self._audience.find(change.kind, relation.schema, relation.name)
        if not groups:
            return
        try:
            event = await self._read(relation, change, committed_at)
            await self._deliver(event, groups)
        except _FAILURES:
            _LOG.exception("A change of %s.%s is not delivered", relation.schema, relation.name)

    def _broadcast(self, relation: Relation, change: Change) -> None:
        row = _texts(relation, change.new)
        if change.kind != "INSERT" or row.get("extension") != "broadcast":
            return
        binary, payload = row.get("binary_payload"), row.get("payload")
        data = bytes.fromhex(binary[2:]) if binary else (payload or "{}").encode()
        message = UserBroadcast(row.get("event") or "", data, binary is None, {"id": row.get("id")})
        self.hub.broadcast((row.get("topic") or "", row.get("private") == "t"), message)

    async def _read(self, relation: Relation, change: Change, committed_at: datetime) -> _Event:
        table = await self.catalog.table(relation.oid, relation.schema, relation.name)
        new, old = _texts(relation, change.new), _texts(relation, change.old)
        new = {**{name: old[name] for name in old if name not in new}, **new} if new else new
        if change.kind == "UPDATE" and change.old is None:
            old = {column.name: new[column.name] for column in table.key if column.name in new}
        elif change.kind == "DELETE" or change.old is not None:
            keys = {column.name for column in relation.columns if column.is_key}
            old = {name: value for name, value in old.items() if name in keys or value is not None}
        return _Event(
            change.kind,
            table,
            committed_at,
            new,
            old,
            await self._to_json(table, new),
            await self._to_json(table, old),
        )

    async def _to_json(self, table: Table, row: Texts) -> dict[str, str]:
        rendered: dict[str, str] = {}
        pending: list[tuple[str, str, str]] = []
        for column in table.columns:
            if column.name not in row:
                continue
            value = row[column.name]
            text = "null" if value is None else render_value(column.type_oid, value)
            if text is None and value is not None:
                pending.append((column.name, column.type, value))
            rendered[column.name] = text or "null"
        if pending:
            converted = await self.catalog.to_json([(type_, text) for _, type_, text in pending])
            rendered |= {name: text for (name, _, _), text in zip(pending, converted, strict=True)}
        return rendered

    async def _deliver(self, event: _Event, groups: Sequence[Group]) -> None:
        """Send the change: one frame for each group, whose bytes are made once."""
        filters = {each.filters for group in groups for each in group.subscriptions}
        passing = await self._filter(event, filters)
        wanted = [
            (group, found)
            for group in groups
            if (found := [each for each in group.subscriptions if passing[each.filters]])
        ]
        visible = await self._find_visible(event, [group.identity for group, _ in wanted])
        bodies: dict[object, str] = {}
        counted: set[Key] = set()
        for group, subscriptions in wanted:
            if not visible[group.rights]:
                continue
            role, select = group.identity.role, subscriptions[0].select
            if (role, select) not in bodies:
                rights = await self.catalog.rights(event.table, role)
                bodies[role, select] = render_data(event, rights, select)
            ids = dumps([each.id for each in subscriptions])
            payload = f'{{"ids":{ids},"data":{bodies[role, select]}}}'
            if group.topic not in counted:
                counted.add(group.topic)
                self.hub.count_change(group.topic)
            text = encode_raw(PREFIX + group.topic[0], "postgres_changes", payload, group.version)
            frame = frame_bytes(text)
            for socket in group.sockets:
                socket.send_frame(frame)

    async def _filter(
        self, event: _Event, filters: Iterable[tuple[Filter, ...]]
    ) -> dict[tuple[Filter, ...], bool]:
        """Evaluate the filters in Postgres's semantics; simple equality here."""
        results: dict[tuple[Filter, ...], bool] = {}
        asked: dict[tuple[Filter, ...], str] = {}
        columns = {column.name: column for column in event.table.columns}
        for conditions in filters:
            unknown: list[str] = []
            results[conditions] = True
            for each in conditions:
                column = columns.get(each.column)
                if column is None or each.column not in event.row:
                    results[conditions] = False
                    break
                value = event.row[each.column]
                simple = compare(column.type_oid, each, value)
                if simple is False:
                    results[conditions] = False
                    break
                if simple is None:
                    unknown.append(render_condition(each, column, value))
            if results[conditions] and unknown:
                asked[conditions] = " and ".join(f"({each})" for each in unknown)
        if asked:
            answers = await self.catalog.evaluate(list(asked.values()))
            results |= dict(zip(asked, answers, strict=True))
        return results

    async def _find_visible(
        self, event: _Event, identities: Iterable[Identity]
    ) -> dict[tuple[str, str], bool]:
        """Ask whether the row can be selected, once for each role and its claims."""
        visible: dict[tuple[str, str], bool] = {}
        asked: list[tuple[str, str]] = []
        table = event.table
        for identity in {each.rights: each for each in identities}.values():
            rights = await self.catalog.rights(table, identity.role)
            decided = not table.has_rls or rights.bypasses_rls or event.kind == "DELETE"
            visible[identity.rights] = bool(rights.readable) or rights.bypasses_rls
            has_key = table.key and all(column.name in rights.readable for column in table.key)
            if not decided and has_key:
                asked.append(identity.rights)
        if asked:
            key = [event.row[column.name] or "" for column in table.key]
            answers = await self.catalog.visible_to(table, key, asked)
            visible |= dict(zip(asked, answers, strict=True))
        return visible


def render_data(event: _Event, rights: Rights, select: tuple[str, ...] | None) -> str:
    """Return the member `data` for a role and a selection of columns. Pure."""
    table = event.table
    keys = {column.name for column in table.key}
    errors: list[str] = []
    shown = [column for column in table.columns if column.name in rights.readable]
    if not keys:
        errors = ["Error 400: Bad Request, no primary key"]
    elif not keys <= rights.readable:
        errors = ["Error 401: Unauthorized"]
    if select is not None:
        shown = [column for column in shown if column.name in select or column.is_key]
    names = [] if errors else [column.name for column in shown]
    if sum(map(len, event.new_json.values())) + sum(map(len, event.old_json.values())) > _MAX_BYTES:
        errors = ["Error 413: Payload Too Large"]
    is_large = bool(errors) and bool(names)
    old_names = names
    if event.kind == "DELETE" and table.has_rls and not rights.bypasses_rls:
        old_names = [name for name in names if name in keys]
    columns = [] if errors and not is_large else shown
    listed = dumps([{"name": column.name, "type": column.type_name} for column in columns])
    moment = event.committed_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    parts = [
        f'"schema":{dumps(table.schema)},"table":{dumps(table.name)},"type":"{event.kind}"',
        f'"commit_timestamp":"{moment}","columns":{listed}',
    ]
    if event.kind != "DELETE":
        parts.append(f'"record":{_object(event.new_json, names, is_large)}')
    if event.kind != "INSERT":
        parts.append(f'"old_record":{_object(event.old_json, old_names, is_large)}')
    parts.append(f'"errors":{dumps(errors or None)}')
    return "{" + ",".join(parts) + "}"


def _object(values: dict[str, str], names: Iterable[str], is_large: bool) -> str:
    members = [
        f"{dumps(name)}:{values[name]}"
        for name in names
        if name in values and not (is_large and len(values[name]) > _LARGE_VALUE)
    ]
    return "{" + ",".join(members) + "}"


def _texts(relation: Relation, row: Row | None) -> Texts:
    if row is None:
        return {}
    return {
        column.name: value
        for column, value in zip(relation.columns, row, strict=False)
        if value is None or isinstance(value, str)
    }
