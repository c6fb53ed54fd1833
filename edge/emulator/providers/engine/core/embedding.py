"""Embeddings by signed feature hashing of word stems and pairs of neighbouring stems."""

import math
from collections import Counter
from functools import lru_cache
from hashlib import blake2b
from itertools import pairwise

from edge.emulator.providers.engine.core.words import STOP_WORDS, split_words, stem

_STOP_WORD_WEIGHT = 0.15
_PAIR_WEIGHT = 0.5
_SIGN_BIT = 1 << 63


def embed_text(text: str, dimensions: int) -> list[float]:
    """Return a unit vector; texts with shared vocabulary have a high cosine similarity."""
    vector = [0.0] * dimensions
    for feature, count in _count_features(text).items():
        hashed = _hash_feature(feature)
        weight = (1.0 + math.log(count)) * _weigh(feature)
        vector[hashed % dimensions] += weight if hashed & _SIGN_BIT else -weight
    length = math.sqrt(math.fsum(value * value for value in vector))
    if not length:
        vector[_hash_feature(text) % dimensions] = length = 1.0
    return [value / length if value else 0.0 for value in vector]


def _count_features(text: str) -> Counter[str]:
    """Count the stems of all words, and pairs of neighbouring content words."""
    words = split_words(text)
    features = Counter(map(stem, words))
    content = [stem(word) for word in words if word not in STOP_WORDS]
    features.update(f"{first} {second}" for first, second in pairwise(content))
    return features


@lru_cache(maxsize=65_536)
def _weigh(feature: str) -> float:
    if " " in feature:
        return _PAIR_WEIGHT
    return _STOP_WORD_WEIGHT if feature in _STOP_STEMS else 1.0


_STOP_STEMS = frozenset(map(stem, STOP_WORDS))


@lru_cache(maxsize=262_144)
def _hash_feature(feature: str) -> int:
    encoded = feature.encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(encoded, digest_size=8).digest(), "big")
