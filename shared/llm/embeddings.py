"""Texts to vectors, within OpenAI's limits, in the order given."""

import base64
import sys
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from openai.types import CreateEmbeddingResponse

from shared.env import OpenAIEnv
from shared.llm.errors import Fault, Source, upstream_error
from shared.llm.openai_client import ask_openai, openai_client, source_of
from shared.llm.origin import origin_of

DIMENSIONS: Final = 1536
_MAX_TEXTS: Final = 2048
_MAX_TOKENS: Final = 300_000

Vector = Sequence[float]


@dataclass(frozen=True, slots=True)
class Embeddings:
    """A vector for each text; `tokens` is what the provider counted over all of them.

    Only vectors of one `model`, as its provider names it, from one `origin` can be compared.
    """

    vectors: tuple[Vector, ...]
    model: str
    origin: str
    tokens: int


async def embed(env: OpenAIEnv, texts: Sequence[str], *, tokens_each: int) -> Embeddings:
    """Embed non-empty texts of at most `tokens_each` tokens, in as few calls as may be."""
    vectors: list[Vector] = []
    tokens = 0
    model = env.embedding_model
    for batch in _batches(texts, min(_MAX_TEXTS, _MAX_TOKENS // tokens_each)):
        reply = await _embed_batch(env, batch)
        vectors += _ordered_vectors(reply, len(batch))
        tokens += reply.usage.prompt_tokens
        model = reply.model
    return Embeddings(tuple(vectors), model, origin_of(env.provider.base_url), tokens)


def render_vector(vector: Vector) -> str:
    """As pgvector reads it; seven digits are all that a 4-byte float holds."""
    return "[" + ",".join([f"{value:.7g}" for value in vector]) + "]"


def _batches(texts: Sequence[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(texts), size):
        yield list(texts[start : start + size])


async def _embed_batch(env: OpenAIEnv, texts: list[str]) -> CreateEmbeddingResponse:
    call = openai_client(env.provider).embeddings.create(
        model=env.embedding_model,
        input=texts,
        dimensions=DIMENSIONS,
        encoding_format="base64",  # a quarter of the bytes, and decoded in one step
    )
    return await ask_openai(call, env.provider, CreateEmbeddingResponse)


def _ordered_vectors(reply: CreateEmbeddingResponse, expected: int) -> list[Vector]:
    """By `index`, since the order of `data` is promised nowhere; complete, and of our size."""
    source = source_of(reply)
    try:
        by_index = {item.index: _decode(item.embedding) for item in reply.data}
    except (AttributeError, TypeError, ValueError) as exc:
        raise upstream_error(Fault.MALFORMED, source) from exc
    if sorted(by_index) != list(range(expected)):
        raise upstream_error(
            Fault.MALFORMED, source, expected_vectors=expected, received_vectors=len(by_index)
        )
    _check_dimensions(by_index.values(), source)
    return [by_index[index] for index in range(expected)]


def _check_dimensions(vectors: Any, source: Source) -> None:
    sizes = {len(vector) for vector in vectors} - {DIMENSIONS}
    if sizes:
        raise upstream_error(
            Fault.MALFORMED, source, expected_dimensions=DIMENSIONS, received_dimensions=min(sizes)
        )


def _decode(embedding: Any) -> Vector:
    """Base64 of little-endian 4-byte floats; a local server may send plain numbers anyway."""
    if not isinstance(embedding, str):
        return array("f", embedding)
    vector = array("f", base64.b64decode(embedding, validate=True))
    if sys.byteorder == "big":
        vector.byteswap()
    return vector
