"""Plans as SQL text: each file in golden/ holds a request, its statement and its parameters."""

import json
from pathlib import Path

import pytest

from edge.emulator.rest.config import RestConfig
from edge.emulator.rest.errors import RestError
from edge.emulator.rest.plan.action import plan_request
from edge.emulator.rest.request.api_request import RawRequest, parse_request
from edge.emulator.rest.schema.model import SchemaCache
from edge.emulator.rest.sql.statement import render_statement

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.sql"))


def render(cache: SchemaCache, head: list[str]) -> list[str]:
    """The golden file that the request in `head` ought to have."""
    method, target = head[0].removeprefix("-- ").split(" ", 1)
    headers = dict(
        line.removeprefix("-- ").split(": ", 1) for line in head[1:] if ": " in line[:20]
    )
    body = headers.pop("body", "")
    path, _, query = target.partition("?")
    raw = RawRequest(method, path, query.encode(), headers, body.encode())
    config = RestConfig()
    plan = plan_request(parse_request(raw, config), cache, config)
    text, values = render_statement(plan).render()
    shown = [value.decode() if isinstance(value, bytes) else value for value in values]
    return [*head, text.decode(), f"-- {json.dumps(shown)}"]


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_a_request_becomes_its_golden_statement(cache: SchemaCache, path: Path):
    lines = path.read_text().splitlines()
    head = [line for line in lines if line.startswith("-- ")][:-1]

    assert render(cache, head) == lines


@pytest.mark.parametrize(
    "query",
    [
        "select=id::text);drop table videos",
        'select="x\\";drop table videos"',
        "title=eq.';drop table videos--",
        "or=(title.eq.';drop table videos--)",
        "select=x:meta->>';drop table videos",
        "order=title;drop table videos",
    ],
)
def test_no_text_of_a_url_becomes_sql(cache: SchemaCache, query: str):
    try:
        text = render(cache, [f"-- GET /videos?{query}"])[1]
    except RestError:
        return

    assert "drop table" not in text.replace('"\';drop table videos"', "")
