"""`GET /` is the OpenAPI 2.0 document that PostgREST gives for what the caller's role may use."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import pytest_asyncio

from edge.emulator.postgres.cluster import Cluster
from edge.emulator.rest.config import RestConfig
from tests.support.data_api import Rest, as_role, opened

CONFIG = RestConfig(schemas=("described", "elsewhere"), server_url="https://example.com/rest/v1")
READER = as_role("described_reader")
NOBODY = as_role("described_nobody")
_ON_READ = ("select", "order", "range", "rangeUnit", "offset", "limit", "preferCount")


@pytest.fixture(scope="session")
def described(cluster: Cluster, rest_template: str) -> str:
    """The name of a database with the tables and functions that the documents tell of."""
    with psycopg.connect(
        cluster.create_database("rest_described", template=rest_template), autocommit=True
    ) as connection:
        connection.execute(Path(__file__).with_name("openapi.sql").read_bytes())
    return "rest_described"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def api(cluster: Cluster, described: str) -> AsyncIterator[Rest]:
    async with opened(cluster, described, CONFIG) as rest:
        yield rest


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def document(api: Rest) -> Any:
    """What the reader is told."""
    return (await api("GET", "/", headers=READER)).json()


def _references(*names: str) -> list[dict[str, str]]:
    return [{"$ref": f"#/parameters/{name}"} for name in names]


def _filters(document: Any, table: str) -> list[str]:
    columns = document["definitions"][table]["properties"]
    return [f"rowFilter.{table}.{column}" for column in columns]


pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_document_names_itself_by_the_schemas_comment(document: Any):
    media = ["application/json", "application/vnd.pgrst.object+json;nulls=stripped"]
    media += ["application/vnd.pgrst.object+json", "text/csv"]

    head = {name: document[name] for name in document if type(document[name]) is not dict}
    assert head == {
        "swagger": "2.0",
        "host": "example.com:443",
        "basePath": "/rest/v1",
        "schemes": ["https"],
        "consumes": media,
        "produces": media,
    }
    assert document["info"] == {
        "title": "Library API",
        "description": "Books\nand loans.",
        "version": "16.2",
    }
    assert document["externalDocs"] == {
        "description": "PostgREST Documentation",
        "url": "https://postgrest.org/en/v16/references/api.html",
    }


@pytest.mark.parametrize("accept", ["application/openapi+json", "application/json", "*/*"])
async def test_the_document_is_of_its_own_media_type(api: Rest, accept: str):
    found = await api("GET", "/", headers={"accept": accept, **READER})
    head = await api("HEAD", "/", headers={"accept": accept, **READER})

    assert found.headers["content-type"] == "application/openapi+json; charset=utf-8"
    assert found.headers["content-profile"] == "described"
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == found.headers["content-type"]
    assert "content-length" not in head.headers


async def test_other_types_and_other_paths_are_not_acceptable(api: Rest):
    csv = await api("GET", "/", headers={"accept": "text/csv", **READER})
    table = await api("GET", "/books", headers={"accept": "application/openapi+json", **READER})

    assert (csv.status_code, table.status_code) == (406, 406)


async def test_a_table_has_its_methods_and_their_parameters(document: Any):
    methods = document["paths"]["/books"]
    filters = _filters(document, "books")

    assert methods.keys() == {"get", "post", "patch", "delete"}
    assert {each["summary"] for each in methods.values()} == {"All books"}
    assert {each["description"] for each in methods.values()} == {"One row each."}
    assert {tuple(each["tags"]) for each in methods.values()} == {("books",)}
    assert methods["get"]["parameters"] == _references(*filters, *_ON_READ)
    assert methods["post"]["parameters"] == _references("body.books", "select", "preferPost")
    assert methods["patch"]["parameters"] == _references(*filters, "body.books", "preferReturn")
    assert methods["delete"]["parameters"] == _references(*filters, "preferReturn")
    rows = {"type": "array", "items": {"$ref": "#/definitions/books"}}
    assert methods["get"]["responses"] == {
        "200": {"description": "OK", "schema": rows},
        "206": {"description": "Partial Content"},
    }
    assert methods["post"]["responses"] == {"201": {"description": "Created"}}
    assert methods["patch"]["responses"] == {"204": {"description": "No Content"}}
    assert methods["delete"]["responses"] == {"204": {"description": "No Content"}}


@pytest.mark.parametrize(
    ("view", "writes"), [("titles", True), ("counts", False), ("oldest", False)]
)
async def test_a_view_has_the_methods_that_write_if_it_is_updatable(
    document: Any, view: str, writes: bool
):
    written = {"post", "patch", "delete"} if writes else set[str]()

    assert document["paths"][f"/{view}"].keys() == {"get", *written}


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (
            "id",
            {
                "format": "int32",
                "type": "integer",
                "description": "The number on its back\n\nNote:\nThis is a Primary Key.<pk/>",
            },
        ),
        (
            "author_id",
            {
                "format": "int32",
                "type": "integer",
                "description": "Note:\nThis is a Foreign Key to `authors.id`."
                "<fk table='authors' column='id'/>",
            },
        ),
        ("shelf_id", {"format": "int32", "type": "integer"}),
        (
            "genre",
            {
                "format": "described.genre",
                "type": "string",
                "default": "novel",
                "enum": ["novel", "poems"],
            },
        ),
        ("code", {"format": "character varying", "type": "string", "maxLength": 13}),
        (
            "title",
            {
                "format": "character varying",
                "type": "string",
                "maxLength": 80,
                "default": "untitled",
                "description": "As printed",
            },
        ),
        ("pages", {"format": "int32", "type": "integer", "default": 42}),
        ("price", {"format": "numeric", "type": "number", "default": 9.5}),
        ("is_lent", {"format": "boolean", "type": "boolean", "default": False}),
        ("added", {"format": "timestamp with time zone", "type": "string", "default": "now()"}),
        ("printed", {"format": "date", "type": "string", "default": "1900-01-01"}),
        ("tags", {"format": "text[]", "type": "array", "items": {"type": "string"}}),
        ("numbers", {"format": "bigint[]", "type": "array", "items": {"type": "integer"}}),
        ("about", {"format": "json"}),
        ("extras", {"format": "jsonb[]", "type": "array", "items": {}}),
    ],
)
async def test_a_column_is_described(document: Any, column: str, expected: dict[str, Any]):
    assert document["definitions"]["books"]["properties"][column] == expected


async def test_definitions_name_what_is_required(document: Any):
    books, titles = (document["definitions"][name] for name in ("books", "titles"))

    assert (books["type"], books["description"]) == ("object", "All books\n\nOne row each.")
    assert books["required"] == ["id", "code", "title"]
    assert titles.keys() == {"type", "properties"}


async def test_a_view_has_the_keys_of_its_table(document: Any):
    properties = document["definitions"]["titles"]["properties"]

    assert properties["id"]["description"] == "Note:\nThis is a Primary Key.<pk/>"
    assert properties["author_id"]["description"].startswith("Note:\nThis is a Foreign Key to `au")


async def test_parameters_are_defined(document: Any):
    found = document["parameters"]

    assert found["body.books"] == {
        "name": "books",
        "description": "books",
        "required": False,
        "in": "body",
        "schema": {"$ref": "#/definitions/books"},
    }
    assert found["rowFilter.books.title"] == {
        "name": "title",
        "description": "As printed",
        "required": False,
        "in": "query",
        "type": "string",
    }
    assert "enum" not in found["preferParams"]
    assert found["preferCount"]["enum"] == ["count=none"]
    assert found["rangeUnit"]["default"] == "items"
    assert [found[name]["in"] for name in ("range", "select", "on_conflict")] == [
        "header",
        "query",
        "query",
    ]


async def test_a_stable_function_is_called_by_get_and_post(document: Any):
    methods = document["paths"]["/rpc/find"]
    body, prefer = methods["post"]["parameters"]

    assert methods.keys() == {"get", "post"}
    assert methods["get"]["parameters"] == [
        {"name": "wanted", "required": True, "in": "query", "format": "text", "type": "string"},
        {"name": "lent", "required": True, "in": "query", "format": "boolean", "type": "boolean"},
        {"name": "codes", "required": True, "in": "query", "format": "integer[]", "type": "string"},
        {"name": "most", "required": False, "in": "query", "format": "int32", "type": "integer"},
    ]
    assert (methods["get"]["summary"], methods["get"]["description"]) == (
        "Find books",
        "By their titles.",
    )
    assert (methods["get"]["tags"], prefer) == (["(rpc) find"], *_references("preferParams"))
    assert (body["name"], body["in"], body["required"]) == ("args", "body", True)
    assert body["schema"] == {
        "type": "object",
        "description": "Find books\n\nBy their titles.",
        "properties": {
            "wanted": {"format": "text", "type": "string"},
            "lent": {"format": "boolean", "type": "boolean"},
            "codes": {"format": "integer[]", "type": "array", "items": {"type": "integer"}},
            "most": {"format": "int32", "type": "integer"},
        },
        "required": ["wanted", "lent", "codes"],
    }


async def test_a_volatile_function_is_called_by_post_with_its_inputs(document: Any):
    methods = document["paths"]["/rpc/lend"]

    assert methods.keys() == {"post"}
    assert methods["post"]["parameters"][0]["schema"]["required"] == ["book", "days"]


async def test_a_variadic_argument_may_be_repeated(document: Any):
    assert document["paths"]["/rpc/total"]["get"]["parameters"] == [
        {
            "name": "parts",
            "required": False,
            "in": "query",
            "type": "array",
            "collectionFormat": "multi",
            "items": {"format": "text", "type": "string"},
        }
    ]


async def test_a_function_without_arguments_has_an_object_as_body(document: Any):
    methods = document["paths"]["/rpc/now"]

    assert "parameters" not in methods["get"]
    assert methods["post"]["parameters"][0]["schema"] == {"type": "object"}


async def test_the_last_overload_is_described_with_types_as_the_search_path_names_them(
    document: Any,
):
    names = [found["name"] for found in document["paths"]["/rpc/twice"]["get"]["parameters"]]

    assert names == ["a", "b"]
    assert document["paths"]["/rpc/twice"]["get"]["parameters"][1]["format"] == "genre"


async def test_what_the_role_may_not_use_is_left_out(api: Rest, document: Any):
    nobody = (await api("GET", "/", headers=NOBODY)).json()

    assert document["paths"].keys() & {"/hidden", "/rpc/hide"} == set()
    assert "/authors" in document["paths"]  # one of its columns may be read
    assert (nobody["paths"].keys(), "definitions" in nobody) == ({"/"}, False)
    assert "rowFilter.hidden.id" not in document["parameters"]


async def test_a_grant_and_a_revoke_take_effect_at_once(api: Rest, document: Any):
    api.execute("grant select on described.hidden to described_reader")
    granted = (await api("GET", "/", headers=READER)).json()
    api.execute("revoke select on described.hidden from described_reader")
    revoked = (await api("GET", "/", headers=READER)).json()

    assert "/hidden" in granted["paths"]
    assert revoked == document


async def test_another_schema_is_described_by_its_profile(api: Rest):
    api.execute("grant usage on schema elsewhere to described_reader")
    api.execute("grant select on elsewhere.shelves to described_reader")
    found = await api("GET", "/", headers={"accept-profile": "elsewhere", **READER})

    assert found.json()["paths"].keys() == {"/", "/shelves"}
    assert found.json()["info"] == {
        "title": "PostgREST API",
        "description": "This is a dynamic API generated by PostgREST",
        "version": "16.2",
    }
    assert found.headers["content-profile"] == "elsewhere"


async def test_a_table_that_comes_is_described_when_the_schema_is_reloaded(api: Rest):
    api.execute("create table described.later (id int primary key)")
    api.execute("comment on table described.later is 'It came later'")
    api.execute("grant select on described.later to described_reader")
    try:
        await api.app.reload()
        found = (await api("GET", "/", headers=READER)).json()
    finally:
        api.execute("drop table described.later")
        await api.app.reload()
    gone = (await api("GET", "/", headers=READER)).json()

    assert found["paths"]["/later"]["get"]["summary"] == "It came later"
    assert "/later" not in gone["paths"]


async def test_privileges_are_ignored_if_the_settings_say_so(cluster: Cluster, described: str):
    config = replace(CONFIG, openapi_mode="ignore-privileges")
    async with opened(cluster, described, config) as rest:
        found = (await rest("GET", "/", headers=NOBODY)).json()

    assert found["paths"].keys() >= {"/books", "/hidden", "/rpc/hide"}
    assert found["paths"]["/rpc/twice"]["get"]["parameters"][1]["format"] == "described.genre"


async def test_security_is_told_if_the_settings_say_so(
    cluster: Cluster, described: str, document: Any
):
    config = replace(CONFIG, openapi_security_active=True)
    async with opened(cluster, described, config) as rest:
        found: Any = (await rest("GET", "/", headers=NOBODY)).json()

    assert found["security"] == [{"JWT": []}]
    assert found["securityDefinitions"]["JWT"] == {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": 'Add the token prepending "Bearer " (without quotes) to it',
    }
    assert document.keys() & {"security", "securityDefinitions"} == set()


async def test_what_runs_before_each_request_may_refuse_it(cluster: Cluster, described: str):
    config = replace(CONFIG, pre_request="elsewhere.refuse")
    async with opened(cluster, described, config) as rest:
        rest.execute(
            "create function elsewhere.refuse() returns void language plpgsql as"
            " $$ begin raise 'not today' using errcode = 'PT418'; end $$;"
            " grant usage on schema elsewhere to described_nobody"
        )
        found: httpx.Response = await rest("GET", "/", headers=NOBODY)

    assert (found.status_code, found.json()["message"]) == (418, "not today")
