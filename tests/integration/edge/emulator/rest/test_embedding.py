"""Related rows inside rows."""

from typing import Any

import pytest

from tests.support.data_api import Rest

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture
def rest(rolled_back: Rest) -> Rest:
    return rolled_back


@pytest.mark.parametrize(
    ("url", "rows"),
    [
        (
            "/shows?select=title,channels(name)&id=in.(1,4)&order=id",
            [
                {"title": "Morning", "channels": {"name": "news"}},
                {"title": "Orphan", "channels": None},
            ],
        ),
        (
            "/channels?select=name,items:shows(title)&shows.order=title.desc&order=id",
            [
                {"name": "news", "items": [{"title": "Morning"}, {"title": "Evening"}]},
                {"name": "sport", "items": [{"title": "Match"}]},
                {"name": "empty", "items": []},
            ],
        ),
        (
            "/shows?select=labels(label)&labels.order=label&id=eq.1",
            [{"labels": [{"label": "daily"}, {"label": "live"}]}],
        ),
        (
            "/labels?select=label,shows(title,channels(name))&label=eq.live",
            [{"label": "live", "shows": [{"title": "Morning", "channels": {"name": "news"}}]}],
        ),
        (
            "/channels?select=name,shows!inner(title)&shows.title=eq.Match",
            [{"name": "sport", "shows": [{"title": "Match"}]}],
        ),
        ("/channels?select=name,shows()&shows=is.null", [{"name": "empty"}]),
        ("/channels?select=id,shows()&shows=not.is.null&order=id", [{"id": 1}, {"id": 2}]),
        (
            "/channels?select=id,shows()&or=(id.eq.3,shows.not.is.null)&order=id.desc&limit=2",
            [{"id": 3}, {"id": 2}],
        ),
        (
            "/shows?select=title,...channels(channel:name)&id=in.(1,4)&order=id",
            [{"title": "Morning", "channel": "news"}, {"title": "Orphan", "channel": None}],
        ),
        (
            "/channels?select=name,...shows(titles:title)&shows.order=id&id=eq.1",
            [{"name": "news", "titles": ["Morning", "Evening"]}],
        ),
        (
            "/shows?select=id,channels(name)&order=channels(name).desc,id&channel_id=not.is.null",
            [
                {"id": 3, "channels": {"name": "sport"}},
                {"id": 1, "channels": {"name": "news"}},
                {"id": 2, "channels": {"name": "news"}},
            ],
        ),
        (
            "/staff?select=name,staff(name)&id=eq.1",
            [{"name": "Ann", "staff": [{"name": "Bob"}, {"name": "Cid"}]}],
        ),
        (
            "/staff?select=name,boss:manager_id(name)&id=eq.2",
            [{"name": "Bob", "boss": {"name": "Ann"}}],
        ),
        (
            "/messages?select=from:staff!sender_id(name),to:staff!messages_recipient_id_fkey(name)",
            [{"from": {"name": "Ann"}, "to": {"name": "Bob"}}],
        ),
        (
            "/channels?select=id,shows(id)&shows.limit=1&shows.order=id.desc&id=eq.1",
            [{"id": 1, "shows": [{"id": 2}]}],
        ),
    ],
)
async def test_related_rows_appear_where_they_are_selected(
    rest: Any, url: str, rows: list[dict[str, Any]]
):
    answer = await rest("GET", url)

    assert answer.json() == rows


async def test_two_relationships_to_the_same_table_need_a_hint(rest: Any):
    answer = await rest("GET", "/messages?select=staff(name)")

    assert (answer.status_code, answer.json()["code"]) == (300, "PGRST201")
    assert len(answer.json()["details"]) == 2


async def test_unrelated_tables_cannot_be_embedded(rest: Any):
    answer = await rest("GET", "/staff?select=channels(name)")

    assert (answer.status_code, answer.json()["code"]) == (400, "PGRST200")


async def test_a_written_row_comes_back_with_its_relations(rest: Any):
    answer = await rest(
        "POST",
        "/shows?select=title,channels(name)",
        json={"title": "New", "channel_id": 2},
        headers={"prefer": "return=representation"},
    )

    assert answer.json() == [{"title": "New", "channels": {"name": "sport"}}]
