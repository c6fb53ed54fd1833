"""Finds in a transcript that a person wants no more calls, in the languages of opt_out_words/.

A file there has `rules`, one a way to opt out: a clause that `find` matches is one, unless the
rule's or the file's `unless` matches too. A `lenient` rule gives way to `lenient_unless` in the
clause and `turn_unless` beside it: another time, number or person to call. A rule that is not
`firm` gives way to `topics`, such as an order; `asides` are dropped first. `whole` opts out as a
sentence of its own ("Stop."); `offers` are what the person may agree to. They are regular
expressions over clauses in lower case without accents; `{name}` is one of [words]. `marks` are
small words by which a language is recognized among others of its script; `henceforth` names no
time: "from now on".
"""

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice, pairwise
from typing import Any, Final, TypeVar, cast

from shared.telephony.opt_out_words.languages import (
    Language,
    are_loaded,
    select_languages,
    strip_marks,
)

R = TypeVar("R")

_SIDES: Final = ("user", "agent")
_SENTENCE_END: Final = re.compile(r"[.!?\n。؟…]+")
_CLAUSE_END: Final = re.compile(r"[,;:、،؛\u2013\u2014]+|\s-+\s|\b(?:but|and)\b")
_SPLIT_TOO: Final = re.compile(r"[,;:、،؛\u2013\u2014]+")
_MOST_TURNS: Final = 5_000  # more than two hours hold
_MOST_CHARACTERS: Final = 4_000  # of a turn, 400 of a sentence, and of all that was said:
_MOST_SAID: Final = 200_000
_LONGEST_SENTENCE: Final = 400
_LONG: Final = 4_096
_SHORT: Final = 4  # words of a sentence that may speak of the one before: "Delete it."

# What one side says until the other does: whether it is the user, and the text.
Turn = tuple[bool, str]


async def read_aside(read: Callable[[], R], size: int) -> R:
    """Return what is read of a call of so many bytes, in a thread if that may take a while.

    It does for a long call, and for the first one, for which the languages are compiled.
    """
    if size > _LONG or not are_loaded():
        return await asyncio.to_thread(read)
    return read()


def find_opt_out(call: Mapping[str, Any]) -> str | None:
    """The words by which the person asked for it, if so."""
    offer, left = "", _MOST_SAID
    for is_user, said in islice(read_turns(call), _MOST_TURNS):
        turn = said[:_MOST_CHARACTERS]
        if not is_user:
            offer = turn
        elif left > 0:
            left -= len(turn)
            if found := _find_in_turn(turn, offer):
                return found
    return None


def _find_in_turn(said: str, offer: str) -> str | None:
    found = (_find_in_language(said, offer, language) for language in select_languages(said))
    return next((words for words in found if words), None)


def _find_in_language(said: str, offer: str, language: Language) -> str | None:
    text = language.simplify(said).strip()
    asked = language.simplify(offer)
    if language.agreement.search(text) and language.offers.search(asked):
        return said
    bare = strip_marks(text)
    if language.keywords and language.keywords.fullmatch(bare) and bare.split()[-1] not in asked:
        return said
    sentences = [language.drop_asides(sentence) for sentence in _sentences(text)]
    for index, sentence in enumerate(sentences):
        near = " ".join(sentences[max(index - 1, 0) : index + 2])
        is_limited = language.limits(near)
        if found := _judge(sentence, language, is_limited):
            return found
        before = sentences[index - 1] if index else ""
        if len(sentence.split()) <= _SHORT and _judge(before + sentence, language, is_limited):
            return sentence.strip()
    return None


def _sentences(text: str) -> Iterator[str]:
    for sentence in _SENTENCE_END.split(text):
        for start in range(0, len(sentence), _LONGEST_SENTENCE):
            yield sentence[start : start + _LONGEST_SENTENCE]


def _judge(sentence: str, language: Language, is_limited: bool) -> str | None:
    """Return the sentence, its clause, or two beside each other, that ask for no more calls.

    `is_limited`: it names, or a sentence beside it, another time, number or person to call.
    """
    whole = " ".join(_SPLIT_TOO.sub(" ", sentence).split())
    if not is_limited and language.whole.fullmatch(whole):
        return whole
    clauses = [" ".join(part.split()) for part in _CLAUSE_END.split(sentence)]
    pairs = [f"{one} {next_}" for one, next_ in pairwise(clauses)]
    parts = dict.fromkeys((*clauses, *pairs, whole))
    found = (part for part in parts if _asks(part, language, is_limited))
    return next(found, None)


def _asks(clause: str, language: Language, is_limited: bool) -> bool:
    rules = [rule for rule in language.rules if rule.find.search(clause)]
    if not rules or language.unless.search(clause):
        return False
    is_limited = is_limited or language.is_limited(clause)
    is_off_topic = language.is_off_topic(clause)
    return any(
        not (rule.is_lenient and is_limited)
        and not (is_off_topic and not rule.is_firm)
        and not (rule.unless and rule.unless.search(clause))
        for rule in rules
    )


def read_turns(call: Mapping[str, Any]) -> Iterator[Turn]:
    """Who said what: from the transcript in pieces if there is one, else from its text."""
    pieces: Any = call.get("transcript_object")
    if isinstance(pieces, list) and pieces:
        yield from _read_pieces(cast("list[Any]", pieces))
        return
    text: Any = call.get("transcript")
    for line in text.splitlines() if isinstance(text, str) else ():
        name, _, said = line.partition(":")
        side = name.strip().lower()
        if side in _SIDES:
            yield side == "user", said.strip()


def _read_pieces(pieces: Sequence[Any]) -> Iterator[Turn]:
    for piece in pieces:
        if isinstance(piece, dict):
            said = cast("dict[str, Any]", piece)
            if isinstance(said.get("content"), str):
                yield said.get("role") == "user", said["content"]
