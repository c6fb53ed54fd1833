"""Reading tables: columns, filters, order, ranges, counts and formats."""

from typing import Any

import pytest

from tests.support.data_api import Rest

EXACT = {"prefer": "count=exact"}
OBJECT = {"accept": "application/vnd.pgrst.object+json"}

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture
def rest(rolled_back: Rest) -> Rest:
    return rolled_back


@pytest.mark.parametrize(
    ("condition", "titles"),
    [
        ("id=eq.1", ["Morning"]),
        ("id=neq.1", ["Evening", "Match", "Orphan"]),
        ("id=gt.3", ["Orphan"]),
        ("id=gte.3", ["Match", "Orphan"]),
        ("id=lt.2", ["Morning"]),
        ("id=lte.2", ["Morning", "Evening"]),
        ("title=like.*ning", ["Morning", "Evening"]),
        ("title=ilike.m%25", ["Morning", "Match"]),
        ("title=match.^[ME]", ["Morning", "Evening", "Match"]),
        ("title=imatch.^m", ["Morning", "Match"]),
        ("title=like(any).{M*,O*}", ["Morning", "Match", "Orphan"]),
        ("title=like(all).{M*,*g}", ["Morning"]),
        ("title=in.(Morning,Match)", ["Morning", "Match"]),
        ("title=not.in.(Morning,Match)", ["Evening", "Orphan"]),
        ("id=in.()", []),
        ("is_live=is.true", ["Morning"]),
        ("is_live=not.is.null", ["Morning", "Evening"]),
        ("is_live=is.unknown", ["Match", "Orphan"]),
        ("channel_id=isdistinct.1", ["Match", "Orphan"]),
        ("tags=cs.{b}", ["Morning", "Evening"]),
        ("tags=cd.{b}", ["Evening", "Orphan"]),
        ("tags=ov.{a}", ["Morning"]),
        ("span=sl.[5,6)", ["Morning"]),
        ("span=sr.[5,9)", ["Match"]),
        ("span=nxr.[0,9)", ["Morning", "Evening"]),
        ("span=nxl.[5,9)", ["Evening", "Match"]),
        ("span=adj.[9,20)", ["Evening", "Match"]),
        ("title=fts.morning", ["Morning"]),
        ("title=plfts(english).match", ["Match"]),
        ("title=wfts.morning or match", ["Morning", "Match"]),
        ("title=phfts.evening", ["Evening"]),
        ("meta->lang->>code=eq.en", ["Morning"]),
        ("meta->cast->>1=eq.Bob", ["Morning"]),
        ("meta->>lang=is.null", ["Match", "Orphan"]),
        ("or=(id.eq.1,title.eq.Match)", ["Morning", "Match"]),
        ("and=(id.gt.1,or(title.like.M*,title.like.O*))", ["Match", "Orphan"]),
        ("not.or=(id.eq.1,id.eq.2)", ["Match", "Orphan"]),
        ("headline=eq.MATCH", ["Match"]),
    ],
)
async def test_a_filter_keeps_the_rows_that_fit(rest: Any, condition: str, titles: list[str]):
    answer = await rest("GET", f"/shows?select=title&order=id&{condition}")

    assert [row["title"] for row in answer.json()] == titles


async def test_columns_are_aliased_cast_and_taken_from_json(rest: Any):
    select = "id::text,name:title,code:meta->lang->>code,meta->cast,headline"
    answer = await rest("GET", f"/shows?select={select}&id=eq.1")

    assert answer.json() == [
        {
            "id": "1",
            "name": "Morning",
            "code": "en",
            "cast": ["Ann", "Bob"],
            "headline": "MORNING",
        }
    ]


async def test_order_puts_nulls_first_or_last(rest: Any):
    answer = await rest("GET", "/shows?select=id&order=is_live.desc.nullslast,id.desc")

    assert [row["id"] for row in answer.json()] == [1, 2, 4, 3]


@pytest.mark.parametrize(
    ("url", "headers", "status", "content_range"),
    [
        ("/shows", {}, 200, "0-3/*"),
        ("/shows", EXACT, 200, "0-3/4"),
        ("/shows?limit=2&offset=1", EXACT, 206, "1-2/4"),
        ("/shows?limit=0", EXACT, 206, "*/4"),
        ("/shows?id=eq.99", EXACT, 200, "*/0"),
        ("/shows", EXACT | {"range": "1-1"}, 206, "1-1/4"),
        ("/shows?offset=9", EXACT, 416, "*/4"),
        ("/shows?select=id,channels!inner(id)&channels.name=eq.news", EXACT, 200, "0-1/2"),
    ],
)
async def test_content_range_holds_the_range_and_the_total(
    rest: Any, url: str, headers: dict[str, str], status: int, content_range: str
):
    answer = await rest("GET", url, headers=headers)

    assert (answer.status_code, answer.headers["content-range"]) == (status, content_range)


async def test_a_planned_count_comes_from_the_planner(rest: Any):
    rest.execute("analyze shows")

    answer = await rest("GET", "/shows?limit=1", headers={"prefer": "count=planned"})

    assert answer.headers["content-range"] == "0-0/4"


async def test_head_answers_the_headers_alone(rest: Any):
    answer = await rest("HEAD", "/shows?id=gt.1", headers=EXACT)

    assert (answer.content, answer.headers["content-range"]) == (b"", "0-2/3")


async def test_a_single_object_is_answered_bare(rest: Any):
    answer = await rest("GET", "/channels?id=eq.2", headers=OBJECT)

    assert answer.json() == {"id": 2, "name": "sport"}
    assert answer.headers["content-type"] == ("application/vnd.pgrst.object+json; charset=utf-8")


@pytest.mark.parametrize(("condition", "count"), [("id=eq.99", 0), ("id=gt.0", 3)])
async def test_a_single_object_of_none_or_many_rows_is_406(rest: Any, condition: str, count: int):
    answer = await rest("GET", f"/channels?{condition}", headers=OBJECT)

    assert answer.status_code == 406
    assert answer.json() == {
        "code": "PGRST116",
        "details": f"The result contains {count} rows",
        "hint": None,
        "message": "Cannot coerce the result to a single JSON object",
    }


async def test_csv_has_a_header_line(rest: Any):
    answer = await rest("GET", "/channels?order=id", headers={"accept": "text/csv"})

    assert answer.text == "id,name\n1,news\n2,sport\n3,empty"
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"


async def test_nulls_are_stripped_on_request(rest: Any):
    accept = "application/vnd.pgrst.array+json;nulls=stripped"
    answer = await rest("GET", "/shows?select=id,is_live&id=gte.3", headers={"accept": accept})

    assert answer.json() == [{"id": 3}, {"id": 4}]


async def test_the_address_of_the_answer_has_its_parameters_in_order(rest: Any):
    answer = await rest("GET", "/channels?order=id&id=eq.1")

    assert answer.headers["content-location"] == "/channels?id=eq.1&order=id"


async def test_a_read_cannot_write(rest: Any):
    answer = await rest("GET", "/rpc/write_show")

    assert (answer.status_code, answer.json()["code"]) == (405, "25006")


async def test_options_lists_the_methods(rest: Any):
    answer = await rest("OPTIONS", "/shows")

    assert answer.headers["allow"] == "OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE"


async def test_the_root_describes_the_schema(rest: Any):
    document = (await rest("GET", "/")).json()

    assert {"/shows", "/rpc/add"} <= document["paths"].keys()
    assert document["definitions"]["shows"]["properties"]["views"]["type"] == "integer"
