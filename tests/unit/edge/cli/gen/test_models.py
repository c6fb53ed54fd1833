"""Source of types: names that collide, and imports of what is used."""

from typing import Any

from edge.cli.gen.catalogue import Catalogue
from edge.cli.gen.models import render_models


def kind(name: str, schema: str = "pg_catalog") -> dict[str, Any]:
    return {"schema": schema, "name": name, "base": name, "array": False}


def relation(name: str, **columns: dict[str, Any]) -> dict[str, Any]:
    found = [
        {"name": column, "type": of, "nullable": True, "generated": False, "optional": True}
        for column, of in columns.items()
    ]
    return {"schema": "public", "name": name, "writable": True, "columns": found}


def load(*relations: dict[str, Any], enums: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "made"}
    exec(render_models(Catalogue(list(enums), list(relations), [])), names)
    return names


def test_tables_named_like_what_is_imported_and_like_one_another_are_told_apart() -> None:
    made = load(
        relation("field", **{"a b": kind("text")}),
        relation("notes", id=kind("int8")),
        relation("notes_insert", body=kind("text")),
        relation("str_enum", n=kind("numeric")),
    )

    assert made["Field2"](**{"a b": "x"}).a_b == "x"
    assert set(made["NotesInsert"].model_fields) == {"id"}
    assert set(made["NotesInsert2"].model_fields) == {"body"}
    assert made["StrEnum2"](n="1.5").n * 2 == 3


def test_a_column_named_like_its_type_has_another_name() -> None:
    status: dict[str, Any] = {"schema": "public", "name": "Status", "labels": ["open"]}
    empty: dict[str, Any] = {"schema": "public", "name": "nothing", "labels": []}
    row = relation("tasks", Status=kind("Status", "public"), UUID=kind("uuid"))

    made = load(row, enums=(status, empty))

    update = made["TasksUpdate"].model_validate({"Status": "open"})
    assert update.model_dump(by_alias=True, exclude_unset=True) == {"Status": "open"}
    assert list(made["Nothing"]) == []


def test_only_what_is_used_is_imported() -> None:
    source = render_models(Catalogue([], [relation("date", at=kind("timestamptz"))], []))

    assert "from datetime import datetime\n" in source
    assert "Decimal" not in source
    assert "UUID" not in source
