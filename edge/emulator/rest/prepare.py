"""Prepare requests: parse, plan and render them, once for all requests of a shape.

The pure stages know nothing of this. Where a value goes is found out by running them a second time
with values that nobody can guess, and looking where these are in the statement's parameters.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Container, Sequence
from dataclasses import replace
from random import SystemRandom
from typing import Final

from edge.emulator.postgres.pipeline import Statement, Value, array_literal
from edge.emulator.rest.config import RestConfig
from edge.emulator.rest.errors import RestError
from edge.emulator.rest.plan.action import plan_request
from edge.emulator.rest.plan.tree import Plan
from edge.emulator.rest.record import record
from edge.emulator.rest.request.api_request import ApiRequest, RawRequest, parse_request
from edge.emulator.rest.schema.model import SchemaCache
from edge.emulator.rest.shape import Limit, Offset, Shape, Source, derive_shape
from edge.emulator.rest.sql.statement import render_statements

_MAX_SHAPES: Final = 500
_LIMITS_TRIED: Final = 20
_RANDOM: Final = SystemRandom()


@record
class Prepared:
    """A request that is ready to be executed."""

    request: ApiRequest
    plan: Plan
    statements: Sequence[Statement]


def _as_is(value: Source) -> Value:
    return value


def _as_pattern(value: Source) -> Value:
    return value.replace("*", "%") if isinstance(value, str) else None


def _as_array(value: Source) -> Value:
    return array_literal(value) if isinstance(value, tuple) else None


def _as_text(value: Source) -> Value:
    return value.decode("utf-8", errors="replace") if isinstance(value, bytes) else None


Conversion = Callable[[Source], Value]
_CONVERSIONS: Final[tuple[Conversion, ...]] = (_as_is, _as_pattern, _as_array, _as_text)


@record
class _Parameter:
    """A parameter of a statement: the conversion of the request's value `index`."""

    index: int
    convert: Conversion


@record
class _Constant:
    value: Value


_Bindable = tuple[bytes, tuple[_Parameter | _Constant, ...]]


@record
class _Template:
    """A prepared request without its values."""

    request: ApiRequest
    plan: Plan
    statements: tuple[_Bindable, ...]

    def bind(self, raw: RawRequest, shape: Shape) -> Prepared:
        sources, rows = shape.sources, shape.rows
        statements = [
            (query, tuple(_bind(each, sources) for each in parameters))
            for query, parameters in self.statements
        ]
        request = replace(self.request, raw=raw, range=replace(self.request.range, **rows))
        return Prepared(request, self.plan, statements)


def _bind(parameter: _Parameter | _Constant, sources: Sequence[Source]) -> Value:
    if isinstance(parameter, _Constant):
        return parameter.value
    return parameter.convert(sources[parameter.index])


class Preparer:
    """Prepares one data API's requests, in any thread; remembers the latest shapes."""

    def __init__(self, config: RestConfig) -> None:
        self._config = config
        self._cache: SchemaCache | None = None
        # True after one request of the shape, False if it has to be prepared each time.
        self._templates: OrderedDict[object, _Template | bool] = OrderedDict()
        self._lock = threading.Lock()

    def prepare(self, raw: RawRequest, cache: SchemaCache) -> Prepared:
        """Return what to execute; raises what parsing and planning raise."""
        shape = derive_shape(raw, self._config.max_rows)
        if shape is None:
            return self._prepare(raw, cache)
        if shape.payload:
            raw = replace(raw, payload=shape.payload)
        known = self._recall(shape, cache)
        if isinstance(known, _Template):
            return known.bind(raw, shape)
        prepared = self._prepare(raw, cache)
        if known:
            template = self._make_template(raw, shape, prepared, cache)
            self._remember(shape, cache, template or False)
        elif known is None:
            self._remember(shape, cache, template=True)
        return prepared

    def _recall(self, shape: Shape, cache: SchemaCache) -> _Template | bool | None:
        with self._lock:
            if cache is not self._cache:
                self._cache = cache
                self._templates.clear()
            known = self._templates.get(shape.key)
            if isinstance(known, _Template):
                self._templates.move_to_end(shape.key)
            return known

    def _remember(self, shape: Shape, cache: SchemaCache, template: _Template | bool) -> None:
        with self._lock:
            if cache is not self._cache:
                return
            self._templates[shape.key] = template
            self._templates.move_to_end(shape.key)
            if len(self._templates) > _MAX_SHAPES:
                self._templates.popitem(last=False)

    def _prepare(self, raw: RawRequest, cache: SchemaCache) -> Prepared:
        request = parse_request(raw, self._config)
        plan = plan_request(request, cache, self._config)
        return Prepared(request, plan, render_statements(plan))

    def _make_template(
        self, raw: RawRequest, shape: Shape, prepared: Prepared, cache: SchemaCache
    ) -> _Template | None:
        """Return the template; None if the statement depends on a value in another way."""
        probes = _probes(shape, self._config.max_rows)
        if probes is None:
            return None
        try:
            probed = self._prepare(shape.with_sources(raw, probes), cache)
        except RestError:
            return None
        sources, statements = shape.sources, list[_Bindable]()
        for actual, probe in zip(prepared.statements, probed.statements, strict=True):
            parameters = _match_parameters(actual, probe, sources, probes)
            if parameters is None:
                return None
            statements.append((actual[0], parameters))
        bound = {
            each.index
            for _, parameters in statements
            for each in parameters
            if isinstance(each, _Parameter)
        }
        if not bound.issuperset(range(len(shape.values))):
            return None
        return _Template(replace(probed.request, payload=None), probed.plan, tuple(statements))


def _probes(shape: Shape, max_rows: int | None) -> tuple[Source, ...] | None:
    """Return values of the kinds of the shape's; the star tells a pattern from other texts.

    A limit has to be within `max_rows`, and may be that of another part of the statement:
    comparing with the request's own values rules such a shape out. None if there are too few.
    """
    unique = _RANDOM.randbytes(8).hex()
    probes: list[Source] = []
    for number, value in enumerate(shape.values):
        if isinstance(value, Limit):
            found = _probe_limit({*shape.values, *probes}, max_rows)
            if found is None:
                return None
            probes.append(found)
        else:
            probes.append(_probe(value, f"{unique}*{number}"))
    return (*probes, f"{unique}*body".encode()) if shape.payload else tuple(probes)


def _probe_limit(taken: Container[Source], max_rows: int | None) -> Limit | None:
    most = 10**17 if max_rows is None else max_rows
    tried = (Limit(1 + _RANDOM.randrange(most)) for _ in range(_LIMITS_TRIED if most > 0 else 0))
    return next((each for each in tried if each not in taken), None)


def _probe(value: str | tuple[str, ...], text: str) -> str | tuple[str, ...]:
    if isinstance(value, Offset):
        return Offset(10**16 + _RANDOM.randrange(10**17))
    return text if isinstance(value, str) else (f"{text}a", f"{text}b")


def _match_parameters(
    actual: Statement, probe: Statement, sources: Sequence[Source], probes: Sequence[Source]
) -> tuple[_Parameter | _Constant, ...] | None:
    """Return what each parameter is; None if a value has changed more than that."""
    if actual[0] != probe[0] or len(actual[1]) != len(probe[1]):
        return None
    parameters: list[_Parameter | _Constant] = []
    for value, probed in zip(actual[1], probe[1], strict=True):
        found = _find_source(probed, probes)
        if (found.convert(sources[found.index]) if found else probed) != value:
            return None
        parameters.append(found or _Constant(value))
    return tuple(parameters)


def _find_source(probed: Value, probes: Sequence[Source]) -> _Parameter | None:
    for index, probe in enumerate(probes):
        for convert in _CONVERSIONS:
            if probed is not None and convert(probe) == probed:
                return _Parameter(index, convert)
    return None
