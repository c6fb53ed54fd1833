"""Replaces secrets in headers, bodies, queries and log lines before they are stored.

Bodies are handled as latin-1, so that any bytes, a cut in the middle of a value included, pass
through unchanged but for the secrets.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

REDACTED: Final = "[redacted]"

_SECRET_HEADERS: Final = frozenset(("authorization", "apikey", "cookie", "set-cookie"))
_SECRET_WORDS: Final = re.compile(
    r"(?:password|passwd|passphrase|secret|token|tokenhash|apikey|privatekey|accesskey|signature"
    r"|authorization|credential|credentials|jwt|otp|codeverifier|cookie|servicerolekey|pincode"
    r"|actionlink|authcode)$"
)
_NAME_OF_SECRET: Final = re.compile(r"(?:key|secret|token|password|passwd|dsn|credentials?)s?$")
_SEPARATORS: Final = re.compile(r"[-_. ]")
_LONGEST_KEY: Final = 64
_END_OF_KEY: Final = re.compile(r'"\s*:')
_STRING_MEMBER: Final = re.compile(
    r'(?P<head>"(?P<key>[^"\\]{1,64})"\s*:\s*)'
    r'(?P<value>"(?:[^"\\]|\\.)*+"?|[^\s,}\]\[{"][^\s,}\]]*)',
    re.DOTALL,
)
_ESCAPED_MEMBER: Final = re.compile(
    r'(?P<head>(?<!\\)(?P<quote>\\{1,15}")(?P<key>[^"\\]{1,64})(?P=quote)\s*:\s*)'
    r'(?P<value>(?P=quote).*?(?:(?P=quote)|$)|[^\s,}\]\[{"\\][^\s,}\]\\]*)',
    re.DOTALL,
)
_FIELD: Final = re.compile(
    r"(?P<head>(?:^|[?&;\s])(?P<key>[\w.%\[\]-]{1,64})=)(?P<value>(?:[^&\s\"'\\]|\\[^&\s\"'])+)"
)
_PART: Final = re.compile(
    r'(?P<head>name="(?P<key>[^"]{1,64})"\r\n(?:[^\r\n]{1,200}\r\n){0,4}\r\n)(?P<value>.*?)(?=\r\n--|$)',
    re.DOTALL,
)
_TOKENS: Final = re.compile(
    r"\b(?:eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"  # JWT
    r"|sb_secret_[\w-]+|wk_[0-9a-f]{32,}"
    r"|sk-[\w-]{16,}|r8_\w{20,}|whsec_[\w+/=-]{16,}|key_[0-9a-f]{20,}"
    r"|gh[pousr]_\w{20,}|AKIA[0-9A-Z]{16}\b|xox[abprs]-[\w-]{10,})"
)
_BEGINNINGS: Final = (
    *("eyJ", "sb_secret_", "wk_", "sk-", "r8_", "whsec_", "key_", "AKIA", "xox"),
    *("ghp_", "gho_", "ghu_", "ghs_", "ghr_"),
)
"""Of tokens: most texts have none, and to look for these takes half of the time."""
_BEARER: Final = re.compile(r"(?i)\b(?P<head>bearer\s+)(?P<value>[\w.~+/-]{12,}=*)")
_PASSWORD_OF_URL: Final = re.compile(  # not beyond the end of a string in JSON
    r'(?P<head>\b\w+://[^\s:/@]*:)(?P<value>(?:[^\s/@"]|"(?![,:}\]]))+)(?=@)'
)
_SHORTEST: Final = 8


@dataclass(slots=True)
class Redaction:
    """Knows secrets by their names and shapes, and the project's own by their values."""

    names: Iterable[str] = ()
    """More names of keys and headers whose values are replaced."""
    values: Iterable[str] = ()
    _names: frozenset[str] = field(init=False)
    _known: tuple[str, ...] = field(init=False)
    _values: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        self._names = frozenset(_plain(name) for name in self.names)
        encoded = {v.encode().decode("latin-1") for v in self.values if len(v) >= _SHORTEST}
        known = encoded | {v for v in self.values if len(v) >= _SHORTEST}
        self._known = tuple(sorted(known, key=len, reverse=True))
        self._values = re.compile("|".join(map(re.escape, self._known)))

    def redact_headers(self, headers: Iterable[tuple[bytes, bytes]]) -> list[list[str]]:
        """Return the headers as pairs of texts."""
        pairs = ((n.decode("latin-1").lower(), v.decode("latin-1")) for n, v in headers)
        return [[name, self._redact_header(name, value)] for name, value in pairs]

    def redact_body(self, body: bytes, content_type: str = "") -> tuple[bytes, bool]:
        """Return the body without secrets, and whether there were any."""
        text = body.decode("latin-1")
        redacted = self._redact_members(text)
        if "multipart/" in content_type:
            redacted = _PART.sub(self._redact_value, redacted)
        elif "urlencoded" in content_type:
            redacted = _FIELD.sub(self._redact_value, redacted)
        redacted = self.redact_shapes(redacted)
        return (redacted.encode("latin-1"), True) if redacted != text else (body, False)

    def redact_query(self, query: str) -> str:
        """Return a query string without secrets."""
        return self.redact_shapes(_FIELD.sub(self._redact_value, query))

    def redact_text(self, text: str) -> str:
        """Return a line of a log without secrets."""
        if '"' in text:
            text = self._redact_members(text)
        return self.redact_shapes(_FIELD.sub(self._redact_value, text) if "=" in text else text)

    def redact_member(self, name: str, value: str | float) -> str | float:
        """Return the value of a member with this name, without secrets."""
        if self.is_secret(name):
            return REDACTED
        return self.redact_text(value) if isinstance(value, str) else value

    def redact_shapes(self, text: str) -> str:
        """Replace what looks like a token, and the project's own secrets."""
        if any(beginning in text for beginning in _BEGINNINGS):
            text = _TOKENS.sub(REDACTED, text)
        if "bearer" in text.lower():
            text = _BEARER.sub(_keep_head, text)
        if "://" in text:
            text = _PASSWORD_OF_URL.sub(_keep_head, text)
        has_value = any(value in text for value in self._known)
        return self._values.sub(REDACTED, text) if has_value else text

    def is_secret(self, name: str) -> bool:
        """Whether the value under this name is a secret."""
        return _is_secret(name) or (bool(self._names) and _plain(name) in self._names)

    def _redact_header(self, name: str, value: str) -> str:
        if name in _SECRET_HEADERS or self.is_secret(name):
            scheme, _, rest = value.partition(" ")
            return f"{scheme} {REDACTED}" if rest and name == "authorization" else REDACTED
        return self.redact_shapes(value)

    def _redact_members(self, text: str) -> str:
        if self._has_secret_key(text):
            text = _STRING_MEMBER.sub(self._redact_value, text)
        return _ESCAPED_MEMBER.sub(self._redact_value, text) if '\\"' in text else text

    def _has_secret_key(self, text: str) -> bool:
        """Return whether the name of a secret ends before a quote and a colon."""
        keys = {part.rpartition('"')[2] for part in _END_OF_KEY.split(text)}
        return any(len(each) <= _LONGEST_KEY and self.is_secret(each) for each in keys)

    def _redact_value(self, match: re.Match[str]) -> str:
        if not self.is_secret(match["key"]):
            return match[0]
        value = match["value"]
        if value in {"null", "true", "false", '""', ""}:
            return match[0]
        quote = re.match(r'\\*"', value)
        mark = f"{quote[0]}{REDACTED}{quote[0]}" if quote else REDACTED
        is_json = match["head"].rstrip().endswith(":")
        return match["head"] + (f'"{REDACTED}"' if is_json and not quote else mark)


def secret_values(variables: Mapping[str, str]) -> list[str]:
    """Return the values of variables that are named like secrets."""
    return [v for name, v in variables.items() if _NAME_OF_SECRET.search(name.lower())]


@lru_cache(maxsize=4096)
def _is_secret(name: str) -> bool:
    return _SECRET_WORDS.search(_plain(name)) is not None


def _plain(name: str) -> str:
    return _SEPARATORS.sub("", name.lower())


def _keep_head(match: re.Match[str]) -> str:
    return match["head"] + REDACTED
