"""A request prepared by its shape is what parsing, planning and rendering it makes of it."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.emulator.rest.config import RestConfig
from edge.emulator.rest.errors import RestError
from edge.emulator.rest.plan.action import plan_request
from edge.emulator.rest.prepare import Preparer
from edge.emulator.rest.request.api_request import RawRequest, parse_request
from edge.emulator.rest.schema.model import SchemaCache
from edge.emulator.rest.shape import HEADERS
from edge.emulator.rest.sql.statement import render_statements

CONFIG = RestConfig(max_rows=100)
# {} is a value, encoded or not.
TARGETS = (
    "GET /videos?id=eq.{}",
    "GET /videos?id=not.eq.{}&title=ilike.{}&select=id,channels(name)&channels.name=like.{}",
    "GET /videos?id=in.{}&order=id&limit=5",
    "GET /videos?id=in.({},{})",
    "GET /videos?id=not.in.({},b)&or=(id.eq.1,title.eq.x)",
    "GET /videos?tags=cs.{}&title=match.{}&id=gte.{}&id=lt.{}",
    "GET /videos?title=is.{}",
    "GET /videos?title=eq(any).{}",
    "GET /videos?title={}",
    "GET /videos?limit={}&offset={}",
    "GET /videos?limit=5&offset={}&title=eq.{}",
    "GET /videos?limit={}&limit={}&order=id",
    "GET /videos?select=id,channels(name)&channels.limit={}&limit={}",
    "GET /channels?select=id,videos(id)&videos.limit={}&limit={}&videos.offset={}",
    "GET /channels?select=id,videos(id)&videos.limit={}&id=eq.{}",
    "DELETE /videos?id=eq.1&order=id&limit={}",
    "GET /videos?offset={}",
    "GET /videos?offset={}&offset={}",
    "GET /videos?select=id,channels(name)&channels.offset={}&channels.limit=2&offset={}",
    "DELETE /videos?id=eq.1&order=id&limit=3&offset={}",
    "PUT /labels?id=eq.1&offset={}",
    "GET /rpc/find?q=a&limit=10&offset={}",
    "GET /videos?order={}&select={}",
    "GET /videos?search=fts.{}&meta->a=eq.{}",
    "GET /{}?id=eq.{}",
    "HEAD /videos?id=eq.{}",
    "GET /rpc/add?a={}&b={}",
    "GET /rpc/find?q={}&title=eq.{}&select=id",
    "GET /rpc/find?q=eq{}&limit={}",
    "PATCH /videos?id=eq.{}",
    "PUT /labels?id=eq.{}",
    "DELETE /videos?id=eq.{}&title=like.{}",
    "POST /videos?on_conflict={}",
    "POST /rpc/whole",
    "POST /rpc/find",
)
RANGES = (None, "5-", "2-9")
PREFERENCES = ("", "count=estimated", "return=representation", "resolution=merge-duplicates")
TYPES = ("application/json", "text/csv", "application/x-www-form-urlencoded", "text/plain")
VALUES = st.one_of(
    st.text(max_size=6),
    st.sampled_from(
        [
            "1",
            "0",
            "25",
            "2",
            "99",
            "100",
            "101",
            "007",
            "-3",
            "9" * 18,
            "9" * 20,
            "eq.1",
            "not.eq.x",
            "(1,2)",
            "{a,b}",
            "a*",
            '"a"',
            "\\",
            "",
            "null",
            "%",
        ]
    ),
)
BODIES = st.sampled_from(
    (
        *(b"", b"{}", b"[]", b"7", b'{"title":"a"}', b'{"title":"b","id":2}', b'[{"title":"c"}]'),
        *(b'{"q":1}', b'{"a":1}', b"id,label\n1,x\n", b"title\na*\n", b"q=x&title=y"),
    )
)


def _outcome(make: object) -> object:
    try:
        return make()  # type: ignore[operator]
    except RestError as exc:
        return exc.code, exc.body()


def _plainly(raw: RawRequest, cache: SchemaCache) -> object:
    request = parse_request(raw, CONFIG)
    plan = plan_request(request, cache, CONFIG)
    return _seen(plan, request), render_statements(plan)


def _prepared(preparer: Preparer, raw: RawRequest, cache: SchemaCache) -> object:
    found = preparer.prepare(raw, cache)
    return _seen(found.plan, found.request), tuple(found.statements)


def _seen(plan: object, request: object) -> object:
    """What executing and rendering the answer look at, besides the statements."""
    plan, request = replace(plan, read=None), replace(request, payload=None, query=None)  # type: ignore[type-var]
    source = plan.source and type(plan.source), getattr(plan.source, "counts_new_rows", None)
    raw = replace(request.raw, payload=None)
    return replace(plan, source=None), source, replace(request, raw=raw)


@given(data=st.data(), target=st.sampled_from(TARGETS), prefer=st.sampled_from(PREFERENCES))
def test_a_shape_gives_what_the_stages_give(
    cache: SchemaCache, data: st.DataObject, target: str, prefer: str
):
    method, _, url = target.partition(" ")
    headers = {"prefer": prefer, "content-type": data.draw(st.sampled_from(TYPES))}
    if rows := data.draw(st.sampled_from(RANGES)):
        headers["range"] = rows
    preparer = Preparer(CONFIG)
    for _ in range(4):
        filled = url
        while "{}" in filled:
            value = data.draw(VALUES)
            text = quote(value, safe="(),{}*." if data.draw(st.booleans()) else "")
            filled = filled.replace("{}", text.replace("{}", ""), 1)
        path, _, query = filled.partition("?")
        raw = RawRequest(method, path, query.encode(), headers, data.draw(BODIES))

        expected = _outcome(lambda raw=raw: _plainly(raw, cache))
        assert _outcome(lambda raw=raw: _prepared(preparer, raw, cache)) == expected


@pytest.mark.parametrize(
    ("method", "url", "bodies"),
    [
        ("GET", "/videos?id=eq.{}&select=id,title", (b"",) * 3),
        ("GET", "/videos?id=in.({})", (b"",) * 3),
        ("GET", "/videos?order=id&limit=10&offset=1{}", (b"",) * 3),
        ("GET", "/videos?order=id&limit=1{}", (b"",) * 3),
        ("GET", "/channels?select=id,videos(id)&videos.limit=1{}&limit=2{}", (b"",) * 3),
        ("GET", "/videos?select=id,channels(id)&channels.offset=1{}", (b"",) * 3),
        ("GET", "/rpc/add?a={}&b=2", (b"",) * 3),
        ("POST", "/videos", (b'{"id":1}', b'{"id":2}', b'{"id":3}')),
        ("PATCH", "/videos?id=eq.{}", (b'{"id":1}', b'{"id":2}', b'{"id":3}')),
        ("POST", "/rpc/nothing", (b"{}",) * 3),
        ("POST", "/rpc/add", (b'{"a":1,"b":2}',) * 3),
    ],
)
def test_the_third_request_of_a_shape_is_not_planned(
    cache: SchemaCache,
    method: str,
    url: str,
    bodies: tuple[bytes, ...],
    monkeypatch: pytest.MonkeyPatch,
):
    preparer, planned = Preparer(CONFIG), list[bytes]()
    prepare = preparer._prepare
    monkeypatch.setattr(
        preparer, "_prepare", lambda raw, cache: (planned.append(raw), prepare(raw, cache))[1]
    )
    for number, body in enumerate(bodies):
        path, _, query = url.replace("{}", str(number)).partition("?")
        preparer.prepare(RawRequest(method, path, query.encode(), {}, body), cache)
        if number == 1:
            planned.clear()

    assert planned == []


class _Recorder(Mapping[str, str]):
    """Headers that note which of them are asked for."""

    def __init__(self) -> None:
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        raise AssertionError("the pure stages read single headers")

    def __len__(self) -> int:
        return 0


@pytest.mark.parametrize("target", TARGETS)
def test_the_shape_holds_every_header_that_the_stages_read(cache: SchemaCache, target: str):
    method, _, url = target.replace("{}", "1").partition(" ")
    path, _, query = url.partition("?")
    headers = _Recorder()
    _outcome(lambda: _plainly(RawRequest(method, path, query.encode(), headers, b"{}"), cache))

    assert headers.asked <= set(HEADERS)


def test_shapes_are_forgotten(cache: SchemaCache):
    preparer = Preparer(CONFIG)
    for number in range(700):
        preparer.prepare(RawRequest("GET", "/videos", b"limit=%d" % number, {}), cache)

    assert len(preparer._templates) == 500
    preparer.prepare(RawRequest("GET", "/videos", b"limit=1", {}), replace(cache, fingerprint="2"))
    assert len(preparer._templates) == 1
