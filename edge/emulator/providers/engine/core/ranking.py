"""Ranking of terms and sentences by weight."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from edge.emulator.providers.engine.core.sentence import Sentence
from edge.emulator.providers.engine.core.words import is_content_word, stem

_FEWEST_WORDS = 4
_BEST_LENGTH = 22
_LONGEST_WORDS = 60
_MOST_SHARED = 0.5
_CODE_SIGNS = frozenset("{}<>;=\\|_~`^@")
_MOST_CODE_SHARE = 0.03
_FEWEST_LETTERS_SHARE = 0.55
_CODE = re.compile(
    r"\w\(\)|\w\(\w+[,:)=]|->|[=!<>]=|\bself\.|;\s*$|[{}]"
    r"|^(?:def|return|raise|import|const|function|public|private)\b"
)
_MOST_CODE_SENTENCES_SHARE = 0.25


def is_prose(sentence: Sentence) -> bool:
    """True for words; False for code, tables or markup."""
    text = sentence.text
    letters = sum(character.isalpha() or character.isspace() for character in text)
    signs = sum(character in _CODE_SIGNS for character in text)
    return letters >= len(text) * _FEWEST_LETTERS_SHARE and signs <= len(text) * _MOST_CODE_SHARE


def is_mostly_code(sentences: Sequence[Sentence]) -> bool:
    """True if more than a quarter of the sentences look like source code."""
    code = sum(bool(_CODE.search(sentence.text)) for sentence in sentences)
    return code > len(sentences) * _MOST_CODE_SENTENCES_SHARE


class TermWeights:
    """Weights of word stems: high if frequent in the text but not in every sentence."""

    def __init__(self, sentences: Sequence[Sentence]) -> None:
        self._stems = {
            sentence.start: frozenset(_content_stems(sentence)) for sentence in sentences
        }
        self._spread = Counter(term for stems in self._stems.values() for term in stems)
        self._sentences = tuple(sentences)
        count = len(sentences)
        self._weight = {
            term: math.log1p(spread) * math.log1p(count / spread)
            for term, spread in self._spread.items()
        }

    def top_terms(self, limit: int) -> list[str]:
        """Return the heaviest terms, each in its most frequent spelling."""
        spellings: dict[str, Counter[str]] = {}
        for sentence in self._sentences:
            for word in filter(is_content_word, sentence.words):
                spellings.setdefault(stem(word), Counter())[word] += 1
        ranked = sorted(self._weight, key=lambda term: (-self._weight[term], term))
        return [spellings[term].most_common(1)[0][0] for term in ranked[:limit]]

    def score(self, sentence: Sentence) -> float:
        """Return the mean weight of the sentence's terms; 0 if too short, too long or code."""
        stems = self._stems.get(sentence.start, frozenset[str]())
        length = len(sentence.words)
        if length < _FEWEST_WORDS or length > _LONGEST_WORDS or not is_prose(sentence):
            return 0.0
        total = math.fsum(self._weight[term] for term in stems)  # the same in any order
        return total / max(length, _BEST_LENGTH)

    def top_sentences(self, limit: int, among: Iterable[Sentence] | None = None) -> list[Sentence]:
        """Return the best sentences without near-repetitions, in the order of the text."""
        candidates = list(self._sentences if among is None else among)
        ranked = sorted(candidates, key=lambda sentence: (-self.score(sentence), sentence.start))
        chosen: list[Sentence] = []
        for sentence in ranked:
            if len(chosen) == limit or self.score(sentence) == 0.0:
                break
            if not any(self._repeats(sentence, other) for other in chosen):
                chosen.append(sentence)
        return sorted(chosen, key=lambda sentence: sentence.start)

    def _repeats(self, one: Sentence, other: Sentence) -> bool:
        stems, others = self._stems[one.start], self._stems[other.start]
        return len(stems & others) > _MOST_SHARED * min(len(stems), len(others))


def _content_stems(sentence: Sentence) -> list[str]:
    return [stem(word) for word in sentence.words if is_content_word(word)]
