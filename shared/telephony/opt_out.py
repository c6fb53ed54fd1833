"""Finds in a transcript that a person wants no more calls, in the languages of opt_out_words/.

A file there has `clauses` (what opts out), `unless` (the same words with another meaning), `whole`
(what does so as a sentence of its own: "Stop."), and `offers` that the person may agree to. They
are regular expressions over clauses in lower case without accents; `{name}` is one of [words].
`stems` and `marks` are searched first: most conversations have none of a language's.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final, cast

from shared.telephony.opt_out_words.languages import Language, load_languages, simplify

_SIDES: Final = ("user", "agent")
_SENTENCE_END: Final = re.compile(r"[.!?\n。؟…]+")
_CLAUSE_END: Final = re.compile(r"[,;:、،؛\u2013\u2014]+|\s-+\s|\b(?:but|and)\b")
_SPLIT_TOO: Final = re.compile(r"[,;:、،؛\u2013\u2014]+")
_MOST_TURNS: Final = 5_000  # more than two hours hold
_MOST_CHARACTERS: Final = 4_000  # of a turn, and 400 of a sentence
_LONGEST_SENTENCE: Final = 400
_LONGEST_BARE: Final = 60

# What one side says until the other does: whether it is the user, and the text.
Turn = tuple[bool, str]


def find_opt_out(call: Mapping[str, Any]) -> str | None:
    """The words by which the person asked for it, if so."""
    turns = [
        (is_user, said[:_MOST_CHARACTERS])
        for is_user, said in islice(read_turns(call), _MOST_TURNS)
    ]
    return next((said for language in load_languages() if (said := _find(turns, language))), None)


def _find(turns: Sequence[Turn], language: Language) -> str | None:
    text = simplify(" ".join(said for _, said in turns), language.name)
    if not language.may_be_in(text) or not language.is_spoken_in(f" {text} "):
        return None
    offer = ""
    for is_user, said in turns:
        if not is_user:
            offer = said
        elif found := _find_in_turn(said, offer, language):
            return found
    return None


def _find_in_turn(said: str, offer: str, language: Language) -> str | None:
    text = simplify(said, language.name).strip()
    asked = simplify(offer, language.name)
    if language.agreement.search(text) and language.offers.search(asked):
        return said
    if not language.may_be_in(text) and len(text) > _LONGEST_BARE:
        return None
    bare = " ".join(re.sub(r"[^\w\s]+", " ", text).split())
    if language.keywords and language.keywords.fullmatch(bare) and bare.split()[-1] not in asked:
        return said
    if language.turn_unless and language.turn_unless.search(bare):
        return None
    return next((found for each in _sentences(text) if (found := _judge(each, language))), None)


def _sentences(text: str) -> Iterator[str]:
    for sentence in _SENTENCE_END.split(text):
        for start in range(0, len(sentence), _LONGEST_SENTENCE):
            yield sentence[start : start + _LONGEST_SENTENCE]


def _judge(sentence: str, language: Language) -> str | None:
    """Return the sentence, or its clause, that asks for no more calls."""
    whole = " ".join(_SPLIT_TOO.sub(" ", sentence).split())
    if language.whole.fullmatch(whole):
        return whole
    clauses = [" ".join(part.split()) for part in _CLAUSE_END.split(sentence)]
    for clause in dict.fromkeys((*clauses, whole)):
        if not language.may_be_in(clause) or not language.clauses.search(clause):
            continue
        if not language.unless.search(clause):
            return clause
    return None


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
