"""What a model answered, checked against the schema that it was asked for."""

from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from shared.llm.faults import Fault, Source, upstream_error

T = TypeVar("T", bound=BaseModel)

_MAX_NAMED: Final = 20


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """A valid answer; `model` is the name in the provider's reply, not the one asked for."""

    value: T
    model: str
    input_tokens: int
    output_tokens: int

    @property
    def metadata(self) -> dict[str, Any]:
        """What is stored beside the result."""
        tokens = {"input": self.input_tokens, "output": self.output_tokens}
        return {"model": self.model, "tokens": tokens}


def parse_answer(model: type[T], text: str, source: Source) -> T:
    """The answer as `model`; providers promise the schema, and still it is checked."""
    try:
        return model.model_validate_json(text)
    except ValidationError as exc:
        faults = exc.errors(include_url=False, include_context=False, include_input=False)
        if faults[0]["type"] == "json_invalid":
            raise upstream_error(Fault.TRUNCATED, source) from exc
        fields = [".".join(map(str, fault["loc"])) for fault in faults[:_MAX_NAMED]]
        raise upstream_error(Fault.WRONG_SCHEMA, source, fields=fields) from exc
