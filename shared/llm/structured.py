"""Structured output: the request, its JSON schema, and the response checked against it."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Generic, TypeVar, cast

from pydantic import BaseModel, ValidationError

from shared.llm.errors import Fault, Source, upstream_error

T = TypeVar("T", bound=BaseModel)

_MAX_FIELDS: Final = 20
_NOISE: Final = ("title", "default")


@dataclass(frozen=True, slots=True)
class StructuredRequest(Generic[T]):
    """Instructions, the text they apply to, and the model of the response.

    The text is data, and sent apart from the instructions.
    """

    instructions: str
    text: str
    output: type[T]

    @property
    def name(self) -> str:
        """Name of the schema in the provider's request."""
        return self.output.__name__


@dataclass(frozen=True, slots=True)
class StructuredResponse(Generic[T]):
    """A valid response; `model` is the name in the provider's reply, not the requested one."""

    value: T
    model: str
    input_tokens: int
    output_tokens: int

    @property
    def metadata(self) -> dict[str, Any]:
        """Model and token counts, to store beside the result."""
        tokens = {"input": self.input_tokens, "output": self.output_tokens}
        return {"model": self.model, "tokens": tokens}


def parse_output(model: type[T], text: str, source: Source) -> T:
    """Validate a provider's JSON, which may break the schema that it was given.

    Raises UpstreamError: PROVIDER_TRUNCATED for invalid JSON, PROVIDER_WRONG_SCHEMA otherwise.
    """
    try:
        return model.model_validate_json(text)
    except ValidationError as exc:
        faults = exc.errors(include_url=False, include_context=False, include_input=False)
        if faults[0]["type"] == "json_invalid":
            raise upstream_error(Fault.TRUNCATED, source) from exc
        fields = [".".join(map(str, fault["loc"])) for fault in faults[:_MAX_FIELDS]]
        raise upstream_error(Fault.WRONG_SCHEMA, source, fields=fields) from exc


@lru_cache(maxsize=64)
def strict_schema(model: type[BaseModel]) -> dict[str, Any]:
    """Convert a pydantic model to the JSON schema that OpenAI's `strict` mode accepts.

    Every property is required and no other is allowed. The result is cached: do not change it.
    """
    return _strict(model.model_json_schema())


def _strict(schema: dict[str, Any]) -> dict[str, Any]:
    strict = {key: _descend(key, value) for key, value in schema.items() if key not in _NOISE}
    if "properties" in strict:
        strict["required"] = list(strict["properties"])
        strict["additionalProperties"] = False
    return strict


def _descend(key: str, value: Any) -> Any:
    """Convert a nested schema; in `properties` and `$defs`, `title` may be the name of a field."""
    if key in {"properties", "$defs"}:
        return {name: _strict(part) for name, part in value.items()}
    if isinstance(value, dict):
        return _strict(cast("dict[str, Any]", value))
    if isinstance(value, list):
        items = cast("list[Any]", value)
        return [_descend("", item) for item in items]
    return value
