"""POST /v1/embeddings.

Follows https://platform.openai.com/docs/api-reference/embeddings/create.
"""

import base64
import json
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

from starlette.responses import Response

from edge.emulator.providers.background import run_in_engine
from edge.emulator.providers.engine.core.embedding import embed_text
from edge.emulator.providers.engine.core.tokens import count_tokens, exceeds_tokens
from edge.emulator.providers.faults import Fault, FaultKind
from edge.emulator.providers.openai import limits
from edge.emulator.providers.openai.errors import invalid_type, invalid_value, missing_parameter
from edge.emulator.providers.openai.fields import optional_count, require_string
from edge.emulator.providers.router import Body

_DIMENSIONS = {"text-embedding-3-large": 3072}
_DEFAULT_DIMENSIONS = 1536
_ENCODINGS = ("float", "base64")
_EXPECTED = "one of a string or array of strings, integers, or integer arrays"


@dataclass(frozen=True, slots=True)
class _EmbeddingRequest:
    texts: tuple[str, ...]
    dimensions: int
    encoding: str
    tokens: int


async def create_embeddings(body: Body, fault: Fault | None) -> Response:
    """Answer with one vector for each input, in the order of the input."""
    request = await run_in_engine(_read_request, body)
    kind = fault.kind if fault else None
    return Response(await run_in_engine(_render, request, kind), media_type="application/json")


def _render(request: _EmbeddingRequest, kind: FaultKind | None) -> bytes:
    """Render one vector at a time: thousands at once would hold up other threads."""
    dimensions = request.dimensions + (kind is FaultKind.WRONG_DIMENSIONS)
    entries = [json.dumps(entry) for entry in _embed_all(request, dimensions)]
    if kind is FaultKind.UNORDERED:
        entries.reverse()
    data = "" if kind is FaultKind.EMPTY else ",".join(entries)
    usage = {"prompt_tokens": request.tokens, "total_tokens": request.tokens}
    rest = json.dumps({"model": f"local-hash-{request.dimensions}", "usage": usage})
    return f'{{"object":"list","data":[{data}],{rest[1:]}'.encode()


def _read_request(body: Body) -> _EmbeddingRequest:
    model = require_string(body, "model")
    texts = tuple(_read_input(body.get("input")))
    default = _DIMENSIONS.get(model, _DEFAULT_DIMENSIONS)
    dimensions = optional_count(body, "dimensions") or default
    if dimensions > default:
        message = f"Invalid value for 'dimensions': must be at most {default}, got {dimensions}."
        raise invalid_value("dimensions", message)
    encoding = body.get("encoding_format") or "float"
    if encoding not in _ENCODINGS:
        message = f"Invalid value: '{encoding}'. Supported values are: 'float' and 'base64'."
        raise invalid_value("encoding_format", message)
    return _EmbeddingRequest(texts, dimensions, str(encoding), _count_tokens(texts))


def _read_input(value: Any) -> list[str]:
    """Read a string, a list of strings, or token ids, which become words such as `t42`."""
    if value is None:
        raise missing_parameter("input")
    if isinstance(value, str):
        return [_require_text(value, "input")]
    if not isinstance(value, list):
        raise invalid_type("input", _EXPECTED, value)
    items = cast("list[object]", value)
    if not items:
        raise invalid_value("input", "Invalid 'input': input cannot be an empty array.")
    if _are_tokens(items):
        return [_spell_tokens(items)]
    if len(items) > limits.EMBEDDING_ITEMS:
        raise limits.too_many_items(len(items))
    return [_read_item(item, f"input[{index}]") for index, item in enumerate(items)]


def _read_item(item: Any, name: str) -> str:
    if isinstance(item, str):
        return _require_text(item, name)
    tokens = cast("list[object]", item) if isinstance(item, list) else []
    if tokens and _are_tokens(tokens):
        return _spell_tokens(tokens)
    raise invalid_type(name, "a string or an array of integers", cast("object", item))


def _require_text(text: str, name: str) -> str:
    if not text:
        raise invalid_value(name, f"Invalid '{name}': input cannot be an empty string.")
    return text


def _are_tokens(items: Sequence[object]) -> bool:
    return all(isinstance(item, int) and not isinstance(item, bool) for item in items)


def _spell_tokens(items: Sequence[object]) -> str:
    return " ".join(f"t{item}" for item in items)


def _count_tokens(texts: Sequence[str]) -> int:
    """Return the total; raise if an item or the request exceeds its limit."""
    for index, text in enumerate(texts):
        if exceeds_tokens(text, limits.EMBEDDING_ITEM_TOKENS):
            raise limits.item_too_long(index)
    total = sum(map(count_tokens, texts))
    if total > limits.EMBEDDING_REQUEST_TOKENS:
        raise limits.request_too_long(total)
    return total


def _embed_all(request: _EmbeddingRequest, dimensions: int) -> Iterator[dict[str, Any]]:
    for index, text in enumerate(request.texts):
        vector = _encode(embed_text(text, dimensions), request.encoding)
        yield {"object": "embedding", "index": index, "embedding": vector}


def _encode(vector: list[float], encoding: str) -> list[float] | str:
    """Encode as floats or as base64 of little-endian float32, the SDK's default."""
    if encoding == "float":
        return vector
    packed = array("f", vector)
    return base64.b64encode(packed.tobytes()).decode()
