"""Words, stems and stop words of English text."""

import re
from functools import lru_cache

_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*|[%$€£]")

_STOP_WORDS_TEXT = """
a about above actually after again all almost also am an and any anyone anything are aren't
around as at away back basically be because been before being below between both but by came can
can't come could couldn't did didn't do does doesn't doing don't done down each either else er
even ever every everyone everything few first for from further gave get gets getting give go
goes going gone gonna good got great had has hasn't have haven't having he he'd he's hello her
here hers hey hi him his how how's i i'd i'll i'm i've if in into is isn't it it'd it'll it's
its itself just keep kind know last least less let let's like likely little look lot made make
makes many may maybe me mean might mine more most much must my myself need never next no nor not
nothing now of off oh ok okay on once one only or other our ours out over own people perhaps
please pretty probably put quite rather really right said same saw say says see seem she she's
should shouldn't since so some someone something sort still such sure take taking talk tell than
thank thanks that that'd that'll that's the their them themselves then there there's these they
they'd they'll they're they've thing things think this those though through thus to today
together told too took try two uh um under until up us use used using very want was wasn't way
we we'd we'll we're we've well went were weren't what what's when where which while who who's
whole whom whose why will with within without won't would wouldn't yeah yes yet you you'd you'll
you're you've your yours yourself % $ € £
two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen twenty
thirty forty fifty sixty hundred thousand million
"""
STOP_WORDS = frozenset(_STOP_WORDS_TEXT.split())

_SUFFIXES = (
    ("'s", ""),
    ("ization", "iz"),
    ("isation", "iz"),
    ("ational", "at"),
    ("fulness", "ful"),
    ("ations", "at"),
    ("ation", "at"),
    ("ments", "ment"),
    ("ingly", ""),
    ("ities", "ity"),
    ("ness", ""),
    ("ings", ""),
    ("sses", "ss"),
    ("ies", "y"),
    ("ing", ""),
    ("ions", ""),
    ("ion", ""),
    ("ers", "er"),
    ("ed", ""),
    ("ly", ""),
    ("es", "e"),
    ("ss", "ss"),
    ("us", "us"),
    ("s", ""),
)
_SHORTEST_STEM = 3


def split_words(text: str) -> list[str]:
    """Split into lower-case words, keeping inner apostrophes (typographic ones become plain)."""
    return _WORD.findall(text.lower().replace("\u2019", "'"))


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """Return a crude English stem, equal for `pricing`, `priced` and `prices`."""
    for suffix, replacement in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= _SHORTEST_STEM:
            return _smooth(word[: len(word) - len(suffix)] + replacement)
    return _smooth(word)


def _smooth(stemmed: str) -> str:
    if len(stemmed) > _SHORTEST_STEM and stemmed[-1] == stemmed[-2] and stemmed[-1] not in "ls":
        return stemmed[:-1]
    if len(stemmed) > _SHORTEST_STEM and stemmed.endswith("e"):
        return stemmed[:-1]
    return stemmed


def is_content_word(word: str) -> bool:
    """False for stop words, single letters and numbers."""
    return len(word) > 1 and word not in STOP_WORDS and not word[0].isdigit()


def content_stems(text: str) -> list[str]:
    """Return the stems of all content words in order, with repetitions."""
    return [stem(word) for word in split_words(text) if is_content_word(word)]
