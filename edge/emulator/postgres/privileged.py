"""Statements that `postgres` may run on the platform, and only a superuser on plain Postgres.

There supautils decides; here `edge_internal.run_privileged` of bootstrap/12_internal.sql runs them.
In a `do` block they are rewritten as calls of it, and `execute` as calls of `execute_privileged`.
"""

import re
from collections.abc import Iterator
from typing import Final

import psycopg
from psycopg import sql

_PRIVILEGED: Final = re.compile(
    r"""^(?:
      (?:create|alter|drop|comment\ on)\ event\ trigger\b
    | drop\ publication\b
    | (?:create|alter)\ publication\b.*\b(?:all\ tables|tables\ in\ schema)\b
    | comment\ on\ extension\b
    | alter\ extension\b.*\bset\ schema\b
    | alter\ default\ privileges\ for\ (?:role|user)\ "?supabase_
    | alter\ (?:role|user|database)\b.*\b(?:re)?set\ "?[a-z_]+"?\.
    | alter\ .*\bowner\ to\ "?(?:supabase_(?:admin|\w+_user|(?:etl|replication)_admin)|pgbouncer)"?$
    )""",
    re.VERBOSE | re.DOTALL,
)
# Most statements are told apart by this without being copied.
_START: Final = re.compile(
    r"\b(?:event\s+trigger|publication|extension|privileges|role|user|database|owner)\b", re.I
)
_COMMENT: Final = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_BLOCK: Final = re.compile(
    r"""(?:\s|--[^\n]*\n|/\*(?>.*?\*/))*+ do\s+ (?:language\s+"?plpgsql"?\s+)?
    (?P<quote>\$(?:[^\W\d]\w*)?\$) (?P<body>.*?) (?P=quote)""",
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
_IN_BLOCK: Final = re.compile(
    r"""\b(?: event\s+trigger | publication | (?:on|alter)\s+extension | privileges\s+for
      | (?:role|user|database)\b[^;]*\bset | reset | owner\s+to )\b""",
    re.VERBOSE | re.IGNORECASE,
)
_TOKEN: Final = re.compile(
    r"""(?P<space>\s+|--[^\n]*|/\*.*?\*/)
      | (?P<quoted>[eE]'(?:[^'\\]|\\.|'')*+'|'(?:[^']|'')*+'|"[^"]*"
          |(?P<tag>\$(?:[^\W\d]\w*)?\$).*?(?P=tag))
      | (?P<end>;)
      | (?P<begin>\b(?:begin|then|else|loop)\b|>>)
      | (?P<other>\w+|.)""",
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
_EXECUTE: Final = re.compile(r"execute\b", re.IGNORECASE)
_WITH_VALUES: Final = re.compile(r"\b(?:into|using)\b", re.IGNORECASE)
_IS_LOCAL: Final = "select to_regprocedure('edge_internal.run_privileged(text)') is not null"
_LONGEST: Final = 4000
_LONGEST_BLOCK: Final = 40_000


def needs_privilege(statement: str) -> bool:
    """Whether the statement may need more than `postgres` has in plain Postgres."""
    if len(statement) > _LONGEST_BLOCK or _START.search(statement) is None:
        return False
    if _BLOCK.match(statement):
        return _IN_BLOCK.search(statement) is not None
    return len(statement) <= _LONGEST and _is_privileged(statement)


def run_privileged(connection: psycopg.Connection, statement: str) -> bool:
    """Run it with the platform's privileges; False if this is not the local Postgres."""
    if not is_local(connection):
        return False
    if block := _BLOCK.match(statement):
        start, end = block.span("body")
        text = statement[:start] + rewrite_body(block["body"]) + statement[end:]
        connection.execute(text.encode())
        return True
    connection.execute(
        sql.SQL("select edge_internal.run_privileged({})").format(sql.Literal(statement))
    )
    return True


def is_local(connection: psycopg.Connection) -> bool:
    """Whether this is the local Postgres, which has no supautils."""
    found = connection.execute(_IS_LOCAL).fetchone()
    return bool(found and found[0])


def _is_privileged(statement: str) -> bool:
    code = " ".join(_COMMENT.sub(" ", statement).lower().split())
    return _PRIVILEGED.match(code.rstrip("; ")) is not None


def rewrite_body(body: str) -> str:
    """Return PL/pgSQL's text in which calls stand for the statements that need privileges."""
    parts: list[str] = []
    done = 0
    for start, end in _find_statements(body):
        statement = body[start:end]
        if _EXECUTE.match(statement):
            if _WITH_VALUES.search(_TOKEN.sub(_blank_quoted, statement)):
                continue
            call = f"execute_privileged({_EXECUTE.sub('', statement, count=1)}\n)"
        elif _is_privileged(statement):
            call = "run_privileged('{}')".format(statement.replace("'", "''"))
        else:
            continue
        parts += [body[done:start], "perform edge_internal.", call]
        done = end
    return "".join([*parts, body[done:]])


def _find_statements(body: str) -> Iterator[tuple[int, int]]:
    """Yield where PL/pgSQL's simple statements begin, and where their semicolons are."""
    start: int | None = None
    for token in _TOKEN.finditer(body):
        match token.lastgroup:
            case "space":
                continue
            case "end":
                if start is not None:
                    yield start, token.start()
                start = None
            case "begin" if start is None or not _EXECUTE.match(body, start):
                start = None
            case _:
                start = token.start() if start is None else start


def _blank_quoted(token: re.Match[str]) -> str:
    return " " if token["quoted"] or token["space"] else token.group()
