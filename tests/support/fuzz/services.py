"""Random requests to Storage and to Realtime's HTTP side, and random frames for its sockets."""

import json
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from tests.support.fuzz.requests import BODIES, JSON, TEXT, Headers, Keys, Request, percent

_BUCKETS = ("fuzz", "fuzz-2", "no%20such", "", ".", "..", "%00", "%ff")
_PATHS = (
    "bucket/{b}",
    "bucket",
    "bucket/{b}/empty",
    "object/{b}/{p}",
    "object/{b}",
    "object/public/{b}/{p}",
    "object/authenticated/{b}/{p}",
    "object/info/{b}/{p}",
    "object/info/public/{b}/{p}",
    "object/sign/{b}/{p}",
    "object/sign/{b}",
    "object/sign/{b}/{p}?token={p}",
    "object/upload/sign/{b}/{p}?token=a.b.c",
    "object/list/{b}",
    "object/list-v2/{b}",
    "object/move",
    "object/copy",
    "render/image/public/{b}/{p}?width={p}&quality={p}",
    "render/image/authenticated/{b}/{p}?width=10&format={p}",
    "upload/resumable",
    "upload/resumable/{p}",
    "upload/resumable/sign/{p}",
    "s3/{b}/{p}?uploadId={p}&partNumber={p}",
    "s3/{b}?list-type=2&max-keys={p}&continuation-token={p}",
    "s3/{b}?delete",
    "s3/{b}/{p}?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={p}&X-Amz-Date={p}",
    "{p}",
)
_METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")
_NAMES = """
name id public file_size_limit allowed_mime_types type prefixes prefix limit offset sortBy search
cursor with_delimiter bucketId sourceKey destinationBucket destinationKey metadata copyMetadata
expiresIn paths transform width topic event payload private messages
"""
_KEYS = st.sampled_from(tuple(_NAMES.split()))
_LIMITS = ("0", "-1", "1", "99999999999999999999", "20MB", "nope")
_VALUES = st.one_of(JSON, st.sampled_from((*_BUCKETS, *_LIMITS)), st.integers(-2, 2000))
_DOCUMENTS = st.dictionaries(_KEYS, _VALUES, max_size=5).map(lambda each: json.dumps(each).encode())
_HEADERS = st.sampled_from(
    (
        ("content-type", b"application/json"),
        ("content-type", b"multipart/form-data; boundary=x"),
        ("content-type", b"multipart/form-data"),
        ("content-type", b"application/offset+octet-stream"),
        ("content-type", b"image/png\xff"),
        ("cache-control", b"max-age=nope"),
        ("x-upsert", b"true"),
        ("x-metadata", b"e30="),
        ("x-metadata", b"%%%"),
        ("range", b"bytes=5-1"),
        ("range", b"bytes=-0"),
        ("range", b"bytes=99999999999999999999-"),
        ("if-modified-since", b"nope"),
        ("if-none-match", b'"a", W/"b"'),
        ("tus-resumable", b"1.0.0"),
        ("upload-length", b"-1"),
        ("upload-length", b"3"),
        ("upload-offset", b"99999999999999999999"),
        ("upload-defer-length", b"1"),
        ("upload-metadata", b"bucketName ZnV6eg==,objectName YQ=="),
        ("upload-metadata", b"bucketName %%%, ,objectName"),
        ("x-amz-content-sha256", b"STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
        ("x-amz-decoded-content-length", b"nope"),
        ("authorization", b"AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=, Signature="),
        ("x-amz-copy-source", b"%ff/%00"),
        ("content-md5", b"nope"),
    )
)
_MULTIPART = (
    b'--x\r\ncontent-disposition: form-data; name=""; filename="a"\r\n\r\nhi\r\n--x--\r\n',
    b'--x\r\ncontent-disposition: form-data; name="metadata"\r\n\r\n{\r\n--x--\r\n',
    b"--x\r\n\r\n\r\n--x--",
    b"--x",
)


@st.composite
def storage_requests(draw: st.DrawFn, keys: Keys) -> Request:
    """Draw a request to Storage; also as service_role: it knows no other buckets."""
    bucket = draw(st.sampled_from(_BUCKETS))
    name = draw(st.one_of(TEXT.map(percent), st.sampled_from(("a.png", "a/b", "a//b", "%2e%2e/a"))))
    path = draw(st.sampled_from(_PATHS)).replace("{b}", bucket).replace("{p}", name)
    method = draw(st.sampled_from(_METHODS))
    token = draw(st.sampled_from((keys.secret, keys.secret, keys.user, keys.publishable)))
    key: Headers = (("apikey", token.encode()), ("authorization", f"Bearer {token}".encode()))
    more = draw(st.lists(_HEADERS, max_size=4, unique_by=lambda each: each[0]))
    if any(header == "authorization" for header, _ in more):
        key = ()
    bodies = st.one_of(_DOCUMENTS, BODIES, st.sampled_from(_MULTIPART))
    body = b"" if method in {"GET", "HEAD"} else draw(bodies)
    return Request(method, f"/storage/v1/{path}", (*key, *more), body)


@st.composite
def broadcast_requests(draw: st.DrawFn, keys: Keys) -> Request:
    """Draw a request to Realtime's HTTP side."""
    path = draw(
        st.one_of(
            st.just("api/broadcast"),
            TEXT.map(percent).map("api/broadcast/{}/events/a?private=true".format),
            TEXT.map(percent).map("api/broadcast/room/events/{}".format),
            TEXT.map(percent).map("websocket?vsn=2.0.0&apikey={}".format),
        )
    )
    messages = st.lists(st.dictionaries(_KEYS, _VALUES, max_size=4), max_size=3)
    batches = messages.map(lambda each: json.dumps({"messages": each}).encode())
    body = draw(st.one_of(batches, _DOCUMENTS, BODIES))
    token = draw(st.sampled_from((keys.user, keys.publishable, "nope")))
    headers = (("apikey", token.encode()), *draw(st.lists(_HEADERS, max_size=1)))
    method = draw(st.sampled_from(("POST", "POST", "POST", "GET", "PUT")))
    return Request(method, f"/realtime/v1/{path}", headers, body)


_EVENTS = st.one_of(
    st.sampled_from(
        ("phx_join", "phx_leave", "broadcast", "presence", "access_token", "heartbeat")
    ),
    TEXT,
)
_TOPICS = st.one_of(
    st.sampled_from(("realtime:fuzz", "realtime:fuzz", "realtime:", "phoenix", "realtime:other")),
    TEXT,
)
_ENTRIES = st.fixed_dictionaries(
    {},
    optional={
        "event": st.one_of(st.sampled_from(("*", "INSERT", "nope")), JSON),
        "schema": st.one_of(st.just("public"), JSON),
        "table": st.one_of(st.sampled_from(("videos", "*")), JSON),
        "filter": st.one_of(
            st.sampled_from(("id=eq.1", "id=in.(", "a=match.(((", "=")), TEXT, JSON
        ),
        "select": JSON,
    },
)
_CONFIGS = st.fixed_dictionaries(
    {},
    optional={
        "broadcast": st.one_of(
            JSON, st.dictionaries(st.sampled_from(("self", "ack", "replay")), JSON, max_size=3)
        ),
        "presence": st.one_of(
            JSON, st.dictionaries(st.sampled_from(("key", "enabled")), JSON, max_size=2)
        ),
        "postgres_changes": st.one_of(JSON, st.lists(_ENTRIES, max_size=3)),
        "private": st.one_of(st.booleans(), JSON),
    },
)
_PAYLOADS: SearchStrategy[Any] = st.one_of(
    JSON,
    st.fixed_dictionaries({"config": _CONFIGS}, optional={"access_token": JSON}),
    st.fixed_dictionaries(
        {"type": st.just("presence"), "event": st.sampled_from(("track", "untrack", "nope"))},
        optional={"payload": JSON},
    ),
    st.fixed_dictionaries({"access_token": st.one_of(JSON, st.just("a.b.c"))}),
)
_REFS = st.one_of(st.none(), st.sampled_from(("1", "2")), JSON)
_TEXT_FRAMES = st.one_of(
    st.tuples(_REFS, _REFS, _TOPICS, _EVENTS, _PAYLOADS).map(json.dumps),
    JSON.map(json.dumps),
    st.sampled_from(("", "[", "[" * 5000, '["1","1","realtime:fuzz","broadcast",NaN]')),
)


@st.composite
def _binary_frames(draw: st.DrawFn) -> bytes:
    parts = [
        draw(st.one_of(st.just(b""), st.just(b"realtime:fuzz"), st.binary(max_size=9)))
        for _ in range(5)
    ]
    sizes = bytes(min(255, max(0, len(part) + draw(st.integers(0, 1)))) for part in parts)
    kind = draw(st.sampled_from((0, 1, 3, 3, 3, 4)))
    return bytes((kind, *sizes, draw(st.integers(0, 2)))) + b"".join(parts) + draw(BODIES)


FRAMES: SearchStrategy[str | bytes] = st.one_of(
    _TEXT_FRAMES, _TEXT_FRAMES, _binary_frames(), st.binary(max_size=20)
)
