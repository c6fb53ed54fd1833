"""Embed texts within OpenAI's limits, in the order given."""

import base64
import sys
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

from openai.types import CreateEmbeddingResponse

from shared.llm.env import OpenAIEnv
from shared.llm.errors import Fault, Source, upstream_error
from shared.llm.openai import SDK, openai_client

DIMENSIONS: Final = 1536
_MAX_TEXTS: Final = 2048
_MAX_TOKENS: Final = 300_000
_OFFICIAL_HOST: Final = "api.openai.com"
_LOCAL_STACK_PATH: Final = "/providers/"

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
    """Render a vector for pgvector, with the seven digits that a 4-byte float holds."""
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
    return await SDK.call(call, env.provider, CreateEmbeddingResponse)


def _ordered_vectors(reply: CreateEmbeddingResponse, expected: int) -> list[Vector]:
    """Sort by `index`, since the order of `data` is not documented; check number and size."""
    source = SDK.source_of(reply)
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
    """Decode base64 of little-endian 4-byte floats, or the plain numbers of other servers."""
    if not isinstance(embedding, str):
        return array("f", embedding)
    vector = array("f", base64.b64decode(embedding, validate=True))
    if sys.byteorder == "big":
        vector.byteswap()
    return vector


def origin_of(base_url: str | None) -> str:
    """Name the service at a base URL: `official`, `local` or `server-…`.

    The same model name may mean another model elsewhere. The local stack is one service whatever
    its port, which may change with each start. Any other server is named by a digest of its
    address, which may be confidential.
    """
    if base_url is None:
        return "official"
    url = urlsplit(base_url)
    host = (url.hostname or "").lower()
    if host == _OFFICIAL_HOST:
        return "official"
    if _is_loopback(host) and url.path.startswith(_LOCAL_STACK_PATH):
        return "local"
    address = f"{url.netloc.rpartition('@')[2].lower()}{url.path.rstrip('/')}"
    return f"server-{sha256(address.encode()).hexdigest()[:12]}"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
