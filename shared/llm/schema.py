"""A pydantic model as the strict JSON schema that providers take."""

from functools import lru_cache
from typing import Any, Final, cast

from pydantic import BaseModel

_NOISE: Final = ("title", "default")


@lru_cache(maxsize=64)
def strict_schema(model: type[BaseModel]) -> dict[str, Any]:
    """Every property required, none beside them: OpenAI's rules for `strict`. Not to be changed."""
    return _strict(model.model_json_schema())


def _strict(schema: dict[str, Any]) -> dict[str, Any]:
    strict = {key: _descend(key, value) for key, value in schema.items() if key not in _NOISE}
    if "properties" in strict:
        strict["required"] = list(strict["properties"])
        strict["additionalProperties"] = False
    return strict


def _descend(key: str, value: Any) -> Any:
    """`properties` and `$defs` map names to schemas: a field may well be called `title`."""
    if key in {"properties", "$defs"}:
        return {name: _strict(part) for name, part in value.items()}
    if isinstance(value, dict):
        return _strict(cast("dict[str, Any]", value))
    if isinstance(value, list):
        items = cast("list[Any]", value)
        return [_descend("", item) for item in items]
    return value
