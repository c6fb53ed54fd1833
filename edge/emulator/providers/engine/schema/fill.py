"""Filling of a JSON schema with drafts, else with suggestions by property name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from edge.emulator.providers.engine.schema.choice import choose_value
from edge.emulator.providers.engine.schema.document import (
    Node,
    SchemaDocument,
    branches_of,
    types_of,
)
from edge.emulator.providers.engine.schema.draft import Absent, Draft, Grade, Json, Suggester
from edge.emulator.providers.engine.schema.number import fit_number
from edge.emulator.providers.engine.schema.string import fit_string

_USUAL_ITEMS = 3
_SPARING_DEPTH = 8
_DEEPEST = 48
_TYPE_OF_DRAFT: tuple[tuple[type, tuple[str, ...]], ...] = (
    (bool, ("boolean",)),
    (Grade, ("number", "integer", "string")),
    (int, ("integer", "number")),
    (float, ("number",)),
    (str, ("string",)),
    (Mapping, ("object",)),
    (Sequence, ("array",)),
)


@dataclass(frozen=True, slots=True)
class _Slot:
    """A place to fill: property name, depth, and index among its siblings."""

    name: str = ""
    depth: int = 0
    ordinal: int = 0

    @property
    def is_sparing(self) -> bool:
        """True below a depth where only required values are filled, so that recursion ends."""
        return self.depth >= _SPARING_DEPTH

    def under(self, name: str) -> "_Slot":
        return replace(self, name=name, depth=self.depth + 1)


def fill_schema(schema: Node, suggester: Suggester) -> Json:
    """Return a valid instance of the schema; deterministic for the same schema and text."""
    return _Filler(SchemaDocument(schema), suggester).fill(schema, Absent.ABSENT, _Slot())


@dataclass(frozen=True, slots=True)
class _Filler:
    document: SchemaDocument
    suggester: Suggester

    def fill(self, schema: object, draft: Draft, slot: _Slot) -> Json:
        node = self.document.resolve(schema)
        if slot.depth > _DEEPEST:
            return None
        if "const" in node:
            return node["const"]
        if "enum" in node:
            return choose_value(node["enum"], self._graded(draft, slot), self.suggester)
        branches = branches_of(node)
        if branches:
            return self.fill(self._choose_branch(branches, draft, slot), draft, slot)
        return self._fill_type(self._choose_type(types_of(node), draft, slot), node, draft, slot)

    def _choose_branch(self, branches: Sequence[Node], draft: Draft, slot: _Slot) -> Node:
        resolved = [self.document.resolve(branch) for branch in branches]
        usable = [node for node in resolved if types_of(node) != ("null",)]
        if not usable or (len(usable) < len(resolved) and self._says_nothing(draft, slot)):
            return {"type": "null"}
        if slot.is_sparing:
            return min(usable, key=lambda node: "properties" in node or "items" in node)
        wanted = _types_for(draft)
        fitting = (node for node in usable if set(types_of(node)) & set(wanted))
        return next(fitting, usable[0])

    def _choose_type(self, types: tuple[str, ...], draft: Draft, slot: _Slot) -> str:
        if "null" in types and self._says_nothing(draft, slot):
            return "null"
        usable = [each for each in types if each != "null"]
        if not types:
            return next(iter(_types_for(draft)), "string")
        wanted = _types_for(draft)
        return next((each for each in wanted if each in usable), (usable or ["null"])[0])

    def _says_nothing(self, draft: Draft, slot: _Slot) -> bool:
        is_uncounted = isinstance(draft, Grade) and draft.ratio is None
        return draft is None or is_uncounted or (slot.is_sparing and draft is Absent.ABSENT)

    def _fill_type(self, kind: str, node: Node, draft: Draft, slot: _Slot) -> Json:
        match kind:
            case "object":
                return self._fill_object(node, draft, slot)
            case "array":
                return self._fill_array(node, draft, slot)
            case "integer" | "number":
                return self._fill_number(node, draft, slot, is_integer=kind == "integer")
            case "boolean":
                return draft if isinstance(draft, bool) else self._find_flag(slot)
            case "null":
                return None
            case _:
                return self._fill_string(node, draft, slot)

    def _fill_object(self, node: Node, draft: Draft, slot: _Slot) -> dict[str, Json]:
        properties = cast("Mapping[str, object]", node.get("properties") or {})
        required = list(map(str, cast("Sequence[object]", node.get("required", ()))))
        drafts = self._draft_object(draft, frozenset(properties))
        names = [name for name in properties if name in required or not slot.is_sparing]
        names += [name for name in required if name not in properties]
        extra = node.get("additionalProperties", True)
        filled = {
            name: self.fill(
                properties.get(name, extra), drafts.get(name, Absent.ABSENT), slot.under(name)
            )
            for name in names
        }
        for number in range(len(filled), int(node.get("minProperties", 0))):
            name = f"item_{number + 1}"
            filled[name] = self.fill(extra, Absent.ABSENT, slot.under(name))
        return filled

    def _draft_object(self, draft: Draft, names: frozenset[str]) -> Mapping[str, Draft]:
        if isinstance(draft, Mapping):
            return cast("Mapping[str, Draft]", draft)
        return self.suggester.suggest_object(names) or {}

    def _fill_array(self, node: Node, draft: Draft, slot: _Slot) -> list[Json]:
        least, most = int(node.get("minItems", 0)), node.get("maxItems")
        fixed = cast("Sequence[object]", node.get("prefixItems", ()))
        items = node.get("items", {})
        drafts = self._draft_items(items, draft, slot)
        wanted = max(least, len(drafts), len(fixed))
        wanted = min(wanted, int(most)) if most is not None else wanted
        filled: list[Json] = []
        for index in range(wanted):
            item_draft = drafts[index] if index < len(drafts) else Absent.ABSENT
            place = replace(slot.under(slot.name), ordinal=index)
            schema = fixed[index] if index < len(fixed) else items
            filled.append(self.fill(schema, item_draft, place))
        return self._make_unique(filled, node, slot) if node.get("uniqueItems") else filled

    def _draft_items(self, items: object, draft: Draft, slot: _Slot) -> Sequence[Draft]:
        if isinstance(draft, Sequence) and not isinstance(draft, str):
            return cast("Sequence[Draft]", draft)
        if draft is None or slot.is_sparing or items is False:
            return ()
        node = self.document.resolve(items)
        kinds = types_of(node)
        if "enum" in node:
            return self._mentioned(cast("Sequence[Json]", node["enum"]))
        if "number" in kinds or "integer" in kinds:
            return self.suggester.suggest_numbers(slot.name)[:_USUAL_ITEMS]
        texts = self.suggester.suggest_texts(slot.name)
        if "object" in kinds or branches_of(node):
            return (Absent.ABSENT,) * min(len(texts), _USUAL_ITEMS)
        return texts if kinds in {("string",), ()} else ()

    def _mentioned(self, values: Sequence[Json]) -> Sequence[Draft]:
        return [value for value in values if self.suggester.mentions(str(value))]

    def _make_unique(self, filled: list[Json], node: Node, slot: _Slot) -> list[Json]:
        """Remove repetitions, replacing them with spare values."""
        unique: list[Json] = []
        spare = self._spare_values(node)
        for value in filled:
            candidate = value
            while candidate in unique and spare:
                candidate = self.fill(node.get("items", {}), spare.pop(0), slot.under(slot.name))
            if candidate not in unique:
                unique.append(candidate)
        return unique

    def _spare_values(self, node: Node) -> list[Draft]:
        item = self.document.resolve(node.get("items", {}))
        if "enum" in item:
            return list(cast("Sequence[Draft]", item["enum"]))
        if "string" in types_of(item):
            return [f"item {number}" for number in range(1, int(node.get("minItems", 0)) + 2)]
        step = float(item.get("multipleOf", 1))
        start = float(item.get("minimum", item.get("exclusiveMinimum", 0)))
        return [start + step * number for number in range(int(node.get("minItems", 0)) + 3)]

    def _fill_number(
        self, node: Node, draft: Draft, slot: _Slot, *, is_integer: bool
    ) -> int | float:
        graded = self._graded(draft, slot)
        if isinstance(graded, Grade | int | float):
            return fit_number(graded, node, is_integer=is_integer)
        numbers = self.suggester.suggest_numbers(slot.name)
        number = numbers[slot.ordinal % len(numbers)] if numbers else None
        return fit_number(number, node, is_integer=is_integer)

    def _graded(self, draft: Draft, slot: _Slot) -> Draft:
        if draft is not Absent.ABSENT:
            return draft
        return self.suggester.suggest_grade(slot.name) or draft

    def _find_flag(self, slot: _Slot) -> bool:
        return self.suggester.mentions(slot.name) > 0

    def _fill_string(self, node: Node, draft: Draft, slot: _Slot) -> str:
        if isinstance(draft, str | Grade | int | float):
            return fit_string(str(draft), node, self.suggester)
        texts = () if draft is None else self.suggester.suggest_texts(slot.name)
        text = texts[slot.ordinal] if slot.ordinal < len(texts) else ""
        return fit_string(text, node, self.suggester)


def _types_for(draft: Any) -> tuple[str, ...]:
    """Return the JSON types that suit a draft, best first."""
    return next((names for kind, names in _TYPE_OF_DRAFT if isinstance(draft, kind)), ())
