"""Insert, upsert, update, delete: what is stored, and what each preference answers."""

from typing import Any

import pytest

from edge.emulator.rest.config import RestConfig

FULL = {"prefer": "return=representation"}
MERGE = {"prefer": "return=representation,resolution=merge-duplicates"}
IGNORE = {"prefer": "return=representation,resolution=ignore-duplicates"}


async def test_an_insert_answers_nothing_unless_asked(rest: Any):
    answer = await rest("POST", "/channels", json={"id": 9, "name": "new"})

    assert (answer.status_code, answer.content) == (201, b"")
    assert rest.execute("select name from channels where id = 9") == [("new",)]


async def test_an_insert_returns_the_location_of_the_new_row(rest: Any):
    answer = await rest(
        "POST",
        "/channels",
        json={"id": 9, "name": "new"},
        headers={"prefer": "return=headers-only"},
    )

    assert (answer.status_code, answer.headers["location"]) == (201, "/channels?id=eq.9")
    assert answer.headers["preference-applied"] == "return=headers-only"


async def test_columns_of_every_type_are_read_from_json(rest: Any):
    row = {
        "title": "All",
        "meta": {"a": [1, None]},
        "tags": ["x", "y,z"],
        "embedding": [1, 2.5, 3],
        "span": "[1,3)",
    }
    answer = await rest(
        "POST", "/shows?select=title,meta,tags,embedding,span", json=row, headers=FULL
    )

    assert answer.json() == [row | {"embedding": "[1,2.5,3]"}]


async def test_a_vector_may_be_written_as_text(rest: Any):
    row = {"title": "V", "embedding": "[1,2,3]"}
    answer = await rest("POST", "/shows?select=embedding", json=row, headers=FULL)

    assert answer.json() == [{"embedding": "[1,2,3]"}]


async def test_many_rows_are_written_at_once(rest: Any):
    rows = [{"title": f"Bulk {number}", "views": number} for number in range(500)]
    answer = await rest(
        "POST", "/shows?columns=title,views", json=rows, headers={"prefer": "count=exact"}
    )

    assert answer.headers["content-range"] == "*/500"
    assert rest.execute("select sum(views) from shows where title like 'Bulk%'") == [(124750,)]


@pytest.mark.parametrize(("missing", "views"), [("default", 7), ("null", None)])
async def test_a_missing_key_is_null_or_the_default(rest: Any, missing: str, views: int | None):
    rest.execute("alter table shows alter views drop not null")
    answer = await rest(
        "POST",
        "/shows?columns=title,views&select=views",
        json=[{"title": "a"}, {"title": "b", "views": 1}],
        headers={"prefer": f"return=representation,missing={missing}"},
    )

    assert answer.json() == [{"views": views}, {"views": 1}]
    assert answer.headers["preference-applied"] == f"missing={missing}, return=representation"


async def test_empty_objects_are_rows_of_defaults(rest: Any):
    rest.execute("create table blanks (id int generated always as identity, n int default 5)")
    rest.execute("grant all on blanks to anon")

    one = await rest("POST", "/blanks?select=n", json={}, headers=FULL)
    two = await rest("POST", "/blanks?select=n", json=[{}, {}], headers=FULL)
    none = await rest("POST", "/blanks?select=n", json=[], headers=FULL)

    assert (one.json(), two.json(), none.json()) == ([{"n": 5}], [{"n": 5}] * 2, [])
    assert none.status_code == 201


async def test_an_upsert_merges_by_the_primary_key(rest: Any):
    rows = [{"id": 1, "name": "renamed"}, {"id": 8, "name": "added"}]
    answer = await rest("POST", "/channels", json=rows, headers=MERGE)

    assert (answer.status_code, answer.json()) == (201, rows)
    assert answer.headers["preference-applied"] == (
        "resolution=merge-duplicates, return=representation"
    )


async def test_an_upsert_that_adds_no_row_is_200(rest: Any):
    answer = await rest("POST", "/channels", json={"id": 1, "name": "x"}, headers=MERGE)

    assert answer.status_code == 200


async def test_an_upsert_can_name_another_unique_column(rest: Any):
    row = {"id": 70, "label": "daily"}
    rest.execute("delete from show_labels")
    answer = await rest("POST", "/labels?on_conflict=label", json=row, headers=MERGE)

    assert answer.json() == [row]


async def test_ignored_duplicates_are_not_answered(rest: Any):
    rows = [{"id": 1, "name": "ignored"}, {"id": 8, "name": "added"}]
    answer = await rest("POST", "/channels", json=rows, headers=IGNORE)

    assert answer.json() == [rows[1]]
    assert rest.execute("select name from channels where id = 1") == [("news",)]


async def test_an_update_changes_the_filtered_rows(rest: Any):
    answer = await rest(
        "PATCH", "/shows?id=lt.3&select=id,views&order=id.desc", json={"views": 0}, headers=FULL
    )

    assert answer.json() == [{"id": 2, "views": 0}, {"id": 1, "views": 0}]
    assert answer.headers["content-range"] == "0-1/*"


async def test_an_update_without_a_preference_is_204(rest: Any):
    answer = await rest("PATCH", "/shows?id=eq.1", json={"views": 0})

    assert (answer.status_code, answer.content) == (204, b"")


async def test_an_update_with_nothing_to_set_touches_no_row(rest: Any):
    answer = await rest("PATCH", "/shows?id=eq.1", json={}, headers=FULL)

    assert (answer.status_code, answer.json()) == (200, [])


async def test_a_delete_answers_what_is_gone(rest: Any):
    answer = await rest("DELETE", "/labels?id=eq.3", json={}, headers=FULL)

    assert (answer.status_code, answer.json()) == (200, [{"id": 3, "label": "unused"}])
    assert rest.execute("select count(*) from labels") == [(2,)]


async def test_a_write_to_every_row_is_refused_and_changes_nothing(rest: Any):
    updated = await rest("PATCH", "/shows", json={"views": 0}, headers=FULL)
    deleted = await rest("DELETE", "/labels")

    assert (updated.status_code, updated.json()["message"]) == (
        400,
        "UPDATE requires a WHERE clause",
    )
    assert (deleted.status_code, deleted.json()["message"]) == (
        400,
        "DELETE requires a WHERE clause",
    )
    assert rest.execute("select count(*) from shows where views = 0") == [(0,)]
    assert rest.execute("select count(*) from labels") == [(3,)]


@pytest.mark.parametrize("rest_config", [RestConfig(safeupdate=False)])
async def test_without_safeupdate_every_row_is_written(rest: Any, rest_config: RestConfig):
    answer = await rest("PATCH", "/shows", json={"views": 0})

    assert answer.status_code == 204
    assert rest.execute("select count(*) from shows where views = 0") == [(4,)]


async def test_put_writes_the_one_row_of_its_address(rest: Any):
    new = await rest("PUT", "/channels?id=eq.9", json={"id": 9, "name": "n"}, headers=FULL)
    other = await rest("PUT", "/channels?id=eq.9", json={"id": 8, "name": "n"})

    assert (new.status_code, new.json()) == (201, [{"id": 9, "name": "n"}])
    assert (other.status_code, other.json()["code"]) == (400, "PGRST115")
    assert rest.execute("select count(*) from channels where id = 8") == [(0,)]


async def test_too_many_affected_rows_undo_the_change(rest: Any):
    headers = {"prefer": "handling=strict, max-affected=1"}
    answer = await rest("DELETE", "/show_labels?show_id=gt.0", headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (400, "PGRST124")
    assert rest.execute("select count(*) from show_labels") == [(3,)]


async def test_a_single_object_of_many_rows_undoes_the_change(rest: Any):
    headers = FULL | {"accept": "application/vnd.pgrst.object+json"}
    answer = await rest("PATCH", "/shows?id=gt.0", json={"views": 0}, headers=headers)

    assert answer.json()["code"] == "PGRST116"
    assert rest.execute("select count(*) from shows where views = 0") == [(0,)]


async def test_csv_and_forms_can_be_inserted(rest: Any):
    csv = await rest(
        "POST", "/channels", content="id,name\n7,c\n", headers={"content-type": "text/csv"}
    )
    form = await rest("POST", "/channels", data={"id": "8", "name": "f g"})

    assert (csv.status_code, form.status_code) == (201, 201)
    assert rest.execute("select name from channels where id > 6 order by id") == [("c",), ("f g",)]
