"""Random requests to every door of a stack: often nearly right, never such that change its data."""

import gzip
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

TABLES = ("organizations", "videos", "call_campaigns", "no_such_table", "jobs", "", "rpc")
ROUTINES = ("get_my_role", "no_such_routine", "finish_attempt_v1", "")
COLUMNS = ("id", "name", "created_at", "video_id", "nope", "*", "id::text", "a->b->>c", "a.b", "")
OPERATORS = (
    "eq",
    "neq",
    "gt",
    "like",
    "ilike(any)",
    "in",
    "is",
    "cs",
    "fts(english)",
    "sl",
    "ov",
    "not.eq",
    "match",
    "isdistinct",
    "nope",
    "",
)
FUNCTIONS = ("voice-prompt", "talk-track-jobs", "retell-webhook", "no-such-function", "%00", "")
AUTH_ROUTES = (
    ("POST", "signup"),
    ("POST", "token?grant_type=password"),
    ("POST", "token?grant_type=refresh_token"),
    ("POST", "token?grant_type=pkce"),
    ("POST", "token?grant_type=%ff"),
    ("GET", "user"),
    ("PUT", "user"),
    ("POST", "logout?scope=%00"),
    ("GET", "admin/users?page=1&per_page=2"),
    ("GET", "admin/users/%ED%A0%BD"),
    ("POST", "verify"),
    ("POST", "otp"),
    ("POST", "recover"),
    ("POST", "magiclink"),
    ("POST", "resend"),
    ("POST", "factors"),
    ("POST", "oauth/token"),
    ("GET", "reauthenticate"),
    ("GET", "callback?code=%ED%A0%BD&state=%00"),
    ("POST", "admin/generate_link"),
    ("GET", "verify?token=a%00&type=signup"),
    ("GET", "authorize?provider=%F0%9F%98%80"),
    ("POST", "nope"),
)
PROVIDER_ROUTES = (
    "openai/v1/responses",
    "openai/v1/chat/completions",
    "openai/v1/embeddings",
    "anthropic/v1/messages",
    "anthropic/v1/messages/count_tokens",
    "retell/v2/create-phone-call",
    "retell/v3/list-calls",
    "_faults",
)
PREFERENCES = (
    "count=exact",
    "count=planned",
    "return=representation",
    "return=minimal",
    "resolution=merge-duplicates",
    "missing=default",
    "handling=strict",
    "tx=rollback",
    "max-affected=0",
    "timezone=Europe/Berlin",
    "timezone=\u00e9",
    "nope=1",
)
ACCEPTED = (
    "application/json",
    "text/csv",
    "application/vnd.pgrst.object+json",
    "application/vnd.pgrst.plan+json",
    "application/geo+json",
    "text/html",
    "*/*",
    "nope",
)
MEDIA = (
    "application/json",
    "text/csv",
    "application/x-www-form-urlencoded",
    "text/plain",
    "application/octet-stream",
    "multipart/form-data; boundary=x",
    "application/json; charset=utf-16",
    "nope",
    "",
)
NAMES = (
    "prefer",
    "range",
    "accept",
    "accept-profile",
    "content-profile",
    "content-encoding",
    "x-supabase-api-version",
    "x-retell-signature",
    "traceparent",
    "cookie",
    "x-forwarded-for",
    "accept-language",
    "user-agent",
    "range-unit",
    "origin",
    "sb-api-key",
    "x-request-id",
    "idempotency-key",
)
ODD = tuple("\ud83d\udc00\x00\ufeff\uffffé😀İﬃ\u202e\n%\\")


Headers = tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True)
class Request:
    """One request; `target` is ASCII, header values are bytes without line breaks."""

    method: str
    target: str
    headers: Headers = ()
    body: bytes = b""


def _characters() -> SearchStrategy[str]:
    return st.one_of(st.characters(codec=None), st.sampled_from(ODD))


TEXT: SearchStrategy[str] = st.one_of(
    st.text(_characters(), max_size=12),
    st.sampled_from(("1", "true", "null", "(a,b)", "{1,2}", "[1,2)", '{"a":1}', "'", '"', "..")),
)


def percent(text: str) -> str:
    """Encode for a URL; half a surrogate pair as the three bytes that it would be."""
    return quote(text.encode("utf-8", "surrogatepass"), safe="*().,:->!")


def _header_value(text: str) -> bytes:
    raw = text.encode("utf-8", "surrogatepass")
    return bytes(byte for byte in raw if byte >= 32 and byte != 127)


KEYS = st.sampled_from(
    (
        "id",
        "name",
        "email",
        "password",
        "data",
        "refresh_token",
        "token",
        "type",
        "event",
        "call",
        "call_id",
        "video_id",
        "action",
        "model",
        "input",
        "messages",
        "role",
        "content",
        "max_tokens",
        "from_number",
        "to_number",
        "phone",
        "provider",
        "kind",
    )
)
JSON: SearchStrategy[Any] = st.recursive(
    st.one_of(
        TEXT,
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.sampled_from((10**400, -(2**63), 2**64)),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.one_of(TEXT, KEYS), inner, max_size=4)
    ),
    max_leaves=8,
)
DOCUMENTS = st.one_of(JSON, st.dictionaries(KEYS, JSON, min_size=1, max_size=5))
_RAW = (
    b"",
    b"{",
    b"[{},{}]",
    b"[" * 3000,
    b'{"a":' * 2000,
    b'{"\\ud83d":1}',
    b'{"id":"\\ud83d"}',
    b'{"id":"\xed\xa0\xbd"}',
    b"\xff\xfe{\x00}\x00",
    b"\xef\xbb\xbf{}",
    b"id,name\n1\n",
    b'id\n"',
    b"\x00",
    b"id=%ed%a0%bd&name=%00",
    b"id=1&id=2&%ff=%ff",
    b"1e400",
    b"-0",
    b"NaN",
    b'{"a":' + b"9" * 5000 + b"}",
)


def _dump(document: Any) -> bytes:
    return json.dumps(document).encode()


BODIES: SearchStrategy[bytes] = st.one_of(
    DOCUMENTS.map(_dump),
    st.sampled_from(_RAW),
    st.binary(max_size=30),
    DOCUMENTS.map(_dump).map(gzip.compress),
)


@dataclass(frozen=True, slots=True)
class Keys:
    """What callers present: `secret` only to read, since it may change everything."""

    publishable: str
    user: str
    secret: str


def _credentials(
    keys: Keys, *, may_be_secret: bool
) -> SearchStrategy[tuple[tuple[str, bytes], ...]]:
    choices = [
        (),
        (("apikey", keys.publishable),),
        (("apikey", keys.publishable), ("authorization", f"Bearer {keys.user}")),
        (("authorization", f"Bearer {keys.user}"),),
        (("apikey", "sb_secret_wrong"),),
        (("authorization", "Bearer \u00ff"),),
        (("authorization", "Basic eDp5"),),
        (("authorization", "Bearer a.b.c"),),
    ]
    if may_be_secret:
        choices += [(("apikey", keys.secret),)] * 4
    return st.sampled_from(
        [tuple((name, _header_value(value)) for name, value in choice) for choice in choices]
    )


@st.composite
def _headers(draw: st.DrawFn, keys: Keys, method: str) -> Headers:
    headers = list(draw(_credentials(keys, may_be_secret=method in {"GET", "HEAD"})))
    if draw(st.booleans()):
        headers.append(("content-type", draw(st.sampled_from(MEDIA)).encode()))
    if draw(st.booleans()):
        preferred = draw(st.lists(st.sampled_from(PREFERENCES), min_size=1, max_size=3))
        headers.append(("prefer", _header_value(", ".join(preferred))))
    if draw(st.booleans()):
        headers.append(("accept", draw(st.sampled_from(ACCEPTED)).encode()))
    for name in draw(st.lists(st.sampled_from(NAMES), max_size=2, unique=True)):
        headers.append((name, _header_value(draw(TEXT))))
    return tuple(headers)


_CLAUSES = ("order", "limit", "offset", "columns", "on_conflict", "or", "and", "not.or")
_VALUES = ("id.desc.nullslast", "0", "-1", "(id.eq.1,name.is.null)")
PARAMETERS = st.one_of(
    st.tuples(
        st.sampled_from(COLUMNS), st.builds("{}.{}".format, st.sampled_from(OPERATORS), TEXT)
    ),
    st.tuples(
        st.just("select"),
        st.lists(st.one_of(st.sampled_from(COLUMNS), TEXT), max_size=4).map(",".join),
    ),
    st.tuples(
        st.just("select"),
        st.builds("{}({})".format, st.sampled_from(TABLES), st.sampled_from(COLUMNS)),
    ),
    st.tuples(st.sampled_from(_CLAUSES), st.one_of(TEXT, st.sampled_from(_VALUES))),
    st.tuples(TEXT, TEXT),
)


@st.composite
def rest_requests(draw: st.DrawFn, keys: Keys) -> Request:
    """Draw a request to the data API."""
    method = draw(st.sampled_from(("GET", "GET", "GET", "HEAD", "POST", "PATCH", "DELETE", "PUT")))
    path = draw(
        st.one_of(
            st.sampled_from(TABLES),
            st.sampled_from(ROUTINES).map("rpc/{}".format),
            TEXT.map(percent),
            TEXT.map(percent).map("rpc/{}".format),
        )
    )
    query = draw(st.lists(PARAMETERS, max_size=4))
    pairs = "&".join(f"{percent(name)}={percent(value)}" for name, value in query)
    body = b"" if method in {"GET", "HEAD"} else draw(BODIES)
    return Request(method, f"/rest/v1/{path}?{pairs}", draw(_headers(keys, method)), body)


@st.composite
def auth_requests(draw: st.DrawFn, keys: Keys) -> Request:
    """Draw a request to Auth that signs nobody up."""
    method, path = draw(st.sampled_from(AUTH_ROUTES))
    body = b"" if method == "GET" else draw(BODIES)
    return Request(method, f"/auth/v1/{path}", draw(_headers(keys, "POST")), body)


@st.composite
def function_requests(draw: st.DrawFn, keys: Keys) -> Request:
    """Draw a request to a function, the webhook's among them."""
    method = draw(st.sampled_from(("POST", "POST", "POST", "GET", "PUT", "OPTIONS")))
    slug = draw(st.sampled_from(FUNCTIONS))
    rest = draw(st.one_of(st.just(""), TEXT.map(percent).map("/{}".format)))
    body = b"" if method == "GET" else draw(BODIES)
    return Request(method, f"/functions/v1/{slug}{rest}", draw(_headers(keys, "POST")), body)


@st.composite
def provider_requests(draw: st.DrawFn, keys: Keys) -> Request:
    """Draw a request to an emulated provider, or to what the stack tells of itself."""
    path = draw(st.sampled_from(PROVIDER_ROUTES))
    headers = (
        ("anthropic-version", b"2023-06-01"),
        *draw(_headers(keys, "POST")),
    )
    return Request("POST", f"/providers/{path}", headers, draw(BODIES))


def requests(keys: Keys) -> SearchStrategy[Request]:
    """Draw a request to any door, half of them to the data API."""
    return st.one_of(
        rest_requests(keys),
        rest_requests(keys),
        rest_requests(keys),
        auth_requests(keys),
        function_requests(keys),
        provider_requests(keys),
    )
