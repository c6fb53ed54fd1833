"""Python source of a database's types: like the Supabase CLI's `gen types`, for pydantic.

rows = [Notes.model_validate(row) for row in client.table("notes").select("*").execute().data]
client.table("notes").insert(NotesInsert(body="hello").model_dump(mode="json", exclude_unset=True))
"""

import builtins
import keyword
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from edge.cli.gen.catalogue import Catalogue

_PLAIN: Final = {
    **dict.fromkeys(("int2", "int4", "int8", "oid"), "int"),
    **dict.fromkeys(("float4", "float8"), "float"),
    "numeric": "Decimal",
    "bool": "bool",
    "uuid": "UUID",
    **dict.fromkeys(("timestamp", "timestamptz"), "datetime"),
    "date": "date",
    **dict.fromkeys(("json", "jsonb"), "JsonValue"),
    "void": "None",
}
"""Python types by Postgres type; everything else is text in JSON."""
_HEAD: Final = '''"""Types of the database, made by `edge gen types`: do not edit."""

{imports}
__all__ = [
{names}]
'''
_IMPORTS: Final = (
    ("datetime", ("date", "datetime")),
    ("decimal", ("Decimal",)),
    ("enum", ("StrEnum",)),
    ("uuid", ("UUID",)),
    ("pydantic", ("BaseModel", "ConfigDict", "Field", "JsonValue")),
)
_RESERVED: Final = frozenset(name for _, names in _IMPORTS for name in names)
_CHANGES: Final = ("Insert", "Update")


def render_models(catalogue: Catalogue) -> str:
    """Return the module's source, in a stable order."""
    return _Renderer(catalogue).render()


class _Renderer:
    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._taken: set[str] = set(_RESERVED)
        self._enums: dict[tuple[str, str], str] = {}
        self._models: dict[tuple[str, str], str] = {}

    def render(self) -> str:
        for enum in self._catalogue.enums:
            self._enums[enum["schema"], enum["name"]] = self._name(enum)
        for relation in self._catalogue.relations:
            self._models[relation["schema"], relation["name"]] = self._name(relation, also=_CHANGES)
        blocks = [*map(self._render_enum, self._catalogue.enums), *self._render_all()]
        names = sorted(re.findall(r"^class (\w+)", "\n".join(blocks), re.MULTILINE))
        listed = "".join(f'    "{name}",\n' for name in names)
        body = "".join(f"\n\n{block}" for block in blocks)
        head = _HEAD.replace("{names}", listed)
        return head.replace("{imports}", _render_imports(body)) + body

    def _render_all(self) -> Iterator[str]:
        for relation in self._catalogue.relations:
            yield self._render_row(relation)
            if relation["writable"]:
                yield self._render_change(relation, "Insert")
                yield self._render_change(relation, "Update")
        for function in self._catalogue.functions:
            yield self._render_arguments(function)

    def _render_enum(self, enum: Mapping[str, Any]) -> str:
        name = self._enums[enum["schema"], enum["name"]]
        seen: set[str] = set()
        lines = [
            f"    {_unique(_identifier(label).upper(), seen)} = {label!r}\n"
            for label in enum["labels"]
        ]
        return f"class {name}(StrEnum):\n" + ("".join(lines) or "    pass\n")

    def _render_row(self, relation: Mapping[str, Any]) -> str:
        name = self._models[relation["schema"], relation["name"]]
        doc = f'    """A row of {relation["schema"]}.{relation["name"]}."""\n\n'
        return _render_class(
            name,
            doc,
            [(c["name"], self._type(c["type"], c["nullable"]), "") for c in relation["columns"]],
        )

    def _render_change(self, relation: Mapping[str, Any], kind: str) -> str:
        name = self._models[relation["schema"], relation["name"]] + kind
        verb = "insert into" if kind == "Insert" else "update in"
        where = f"{relation['schema']}.{relation['name']}"
        doc = f'    """What to {verb} {where}: set fields only."""\n\n'
        fields: list[tuple[str, str, str]] = []
        for column in relation["columns"]:
            if column["generated"]:
                continue
            is_optional = column["optional"] or kind == "Update"
            annotation = self._type(column["type"], column["nullable"] or is_optional)
            fields.append((column["name"], annotation, "None" if is_optional else ""))
        return _render_class(name, doc, fields)

    def _render_arguments(self, function: Mapping[str, Any]) -> str:
        name = self._name(function, "Args")
        returns = self._type(function["returns"], nullable=False)
        returned = f"a list of {returns}" if function["many"] else returns
        called = f"{function['schema']}.{function['name']}()"
        doc = f'    """Arguments of {called}, which returns {returned}."""\n\n'
        fields = [
            (
                a["name"] or f"arg{i}",
                self._type(a["type"], a["optional"]),
                "None" if a["optional"] else "",
            )
            for i, a in enumerate(function["arguments"], 1)
        ]
        return _render_class(name, doc, fields)

    def _type(self, kind: Mapping[str, Any], nullable: bool) -> str:
        key = (kind["schema"], kind["name"])
        plain = self._enums.get(key) or self._models.get(key) or _PLAIN.get(kind["base"], "str")
        if kind["base"] == "record":
            plain = "JsonValue"
        found = f"list[{plain}]" if kind["array"] else plain
        return f"{found} | None" if nullable and found != "None" else found

    def _name(self, thing: Mapping[str, Any], suffix: str = "", also: tuple[str, ...] = ()) -> str:
        """Return a class name of its own; other schemas than public come first in it.

        With the endings `also` it is a name of its own too.
        """
        prefix = "" if thing["schema"] == "public" else f"{thing['schema']}_"
        words = re.split(r"[^A-Za-z0-9]+", prefix + thing["name"])
        name = "".join(word[:1].upper() + word[1:] for word in words) + suffix
        return _unique(name if name[:1].isalpha() else f"T{name}", self._taken, also)


def _render_imports(body: str) -> str:
    """Return the import statements of what the classes use."""
    used = set(re.findall(r"\w+", re.sub(r'""".*?"""|\'[^\'\n]*\'', "", body, flags=re.DOTALL)))
    lines: list[str] = []
    for module, names in _IMPORTS:
        if found := [name for name in names if name in used]:
            blank = "\n" if module == "pydantic" and lines else ""
            lines.append(f"{blank}from {module} import {', '.join(found)}\n")
    return "".join(lines)


def _render_class(name: str, doc: str, fields: list[tuple[str, str, str]]) -> str:
    """Render a model; a column whose name is no Python name gets an alias."""
    seen = {word for _, annotation, _ in fields for word in re.findall(r"\w+", annotation)}
    lines: list[str] = []
    required = [f for f in fields if not f[2]]
    for column, annotation, default in (*required, *(f for f in fields if f[2])):
        field = _unique(_identifier(column), seen)
        if field != column:
            value = f"default={default}, alias={column!r}" if default else f"alias={column!r}"
            default = f"Field({value})"
        lines.append(f"    {field}: {annotation}{f' = {default}' if default else ''}\n")
    config = '    model_config = ConfigDict(populate_by_name=True, extra="ignore")\n\n'
    return f"class {name}(BaseModel):\n{doc}{config}{''.join(lines)}"


def _identifier(name: str) -> str:
    """Return a Python name that shadows no keyword, built-in or attribute of pydantic's models."""
    cleaned = re.sub(r"\W", "_", name).lstrip("_") or "field"
    if cleaned[0].isdigit():
        cleaned = f"n{cleaned}"
    is_special = (
        keyword.iskeyword(cleaned) or cleaned.startswith("model_") or cleaned in _ATTRIBUTES
    )
    return f"{cleaned}_" if is_special else cleaned


_ATTRIBUTES: Final = frozenset(
    ("copy", "json", "dict", "schema", "construct", "validate", "fields", "date", "datetime")
) | (frozenset(dir(builtins)) & frozenset(("list", "int", "float", "bool", "str")))


def _unique(name: str, taken: set[str], also: tuple[str, ...] = ()) -> str:
    found, number = name, 1
    while any(found + ending in taken for ending in ("", *also)):
        number += 1
        found = f"{name}{number}"
    taken.update(found + ending for ending in ("", *also))
    return found
