"""Texts and grades for a schema property, chosen by the topics in its name."""

import re
from collections.abc import Callable, Iterable, Sequence

from edge.emulator.providers.engine.core.sentence import Sentence
from edge.emulator.providers.engine.core.words import content_stems, stem
from edge.emulator.providers.engine.drafts.sales.guideline import derive_guidelines
from edge.emulator.providers.engine.drafts.sales.lexicon import Signal
from edge.emulator.providers.engine.drafts.sales.metric import (
    grade_clarity,
    grade_engagement,
    grade_objection_handling,
    grade_sentiment,
)
from edge.emulator.providers.engine.drafts.sales.reading import SalesReading
from edge.emulator.providers.engine.drafts.sales.report import render_report
from edge.emulator.providers.engine.schema.draft import Grade

_FEW = 3
_SOME = 8
_TITLE_TERMS = 5
_SPLIT_NAME = re.compile(r"[^A-Za-z0-9]+|(?<=[a-z0-9])(?=[A-Z])")
NUMBER = re.compile(
    r"(?<![\w.,])\d{1,3}(?:,\d{3})+(?:\.\d+)?|(?<![\w.,])\d{1,15}(?:\.\d{1,6})?(?!\w)"
)
_PROPER_NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-z]+(?: [A-Z][a-z]+)*")
_MATCHES = {
    "date dates deadline when day due": re.compile(
        r"\b(?:\d{4}-\d{2}-\d{2}|\d{1,2}[./]\d{1,2}[./]\d{2,4}"
        r"|(?:mon|tues|wednes|thurs|fri|satur|sun)day"
        r"|(?:january|february|march|april|june|july|august|september|october|november|december)"
        r"(?: \d{1,2}(?:, \d{4})?)?|tomorrow|next (?:week|month|quarter|year))\b",
        re.IGNORECASE,
    ),
    "email mail": re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    "url link website": re.compile(r"https?://[^\s\"'<>)\]]+"),
    "phone telephone mobile": re.compile(r"\+?\d[\d ()-]{6,}\d"),
    "number figure amount price": NUMBER,
}

TextSource = Callable[[SalesReading], Sequence[str]]


def name_stems(name: str) -> frozenset[str]:
    """Return the stems of the parts of a snake_case or camelCase name."""
    return frozenset(stem(part.lower()) for part in _SPLIT_NAME.split(name) if part)


def property_texts(name: str, reading: SalesReading) -> Sequence[str]:
    """Return texts for the topics in the name, else sentences with its words or key sentences."""
    parts = name_stems(name)
    for topics, source in _SOURCES:
        if parts & topics:
            return source(reading)
    for topics, pattern in _PATTERNS:
        if parts & topics:
            return list(dict.fromkeys(pattern.findall(reading.conversation.text)))[:_SOME]
    about = [each for each in reading.conversation.sentences if parts & _stems_of(each)]
    return _texts(reading.weights.top_sentences(_FEW, about or None))


def property_grade(name: str, reading: SalesReading) -> Grade | None:
    """Return the grade for the first matching topic in the name, None if there is none."""
    parts = name_stems(name)
    return next((grade(reading) for topics, grade in _GRADES if parts & topics), None)


def _stems_of(sentence: Sentence) -> set[str]:
    return set(content_stems(sentence.text))


def _texts(sentences: Iterable[Sentence]) -> list[str]:
    return [sentence.text for sentence in sentences]


def _summary(reading: SalesReading) -> Sequence[str]:
    return [" ".join(_texts(reading.weights.top_sentences(_FEW)))]


def _title(reading: SalesReading) -> Sequence[str]:
    return [", ".join(reading.weights.top_terms(_TITLE_TERMS))]


def _report(reading: SalesReading) -> Sequence[str]:
    return [render_report(reading)]


def _key_sentences(reading: SalesReading) -> Sequence[str]:
    return _texts(reading.weights.top_sentences(_FEW))


def _keywords(reading: SalesReading) -> Sequence[str]:
    return reading.weights.top_terms(_SOME)


def _speakers(reading: SalesReading) -> Sequence[str]:
    return reading.conversation.speakers


def _names(reading: SalesReading) -> Sequence[str]:
    found = _PROPER_NAME.findall(reading.conversation.text)
    return list(dict.fromkeys([*reading.conversation.speakers, *found]))[:_SOME]


def _questions(reading: SalesReading) -> Sequence[str]:
    return _texts(note.sentence for note in reading.questions())[:_SOME]


def _steps(reading: SalesReading) -> Sequence[str]:
    return _texts(reading.next_steps() or reading.commitments())[:_SOME]


def _objections(reading: SalesReading) -> Sequence[str]:
    return [objection.text for objection in reading.objections]


def _responses(reading: SalesReading) -> Sequence[str]:
    return [each.response for each in reading.objections if each.is_answered]


def _techniques(reading: SalesReading) -> Sequence[str]:
    return [finding.entry.name for finding in reading.techniques]


def _guidelines(reading: SalesReading) -> Sequence[str]:
    return [guideline.description for guideline in derive_guidelines(reading)]


def _needs(reading: SalesReading) -> Sequence[str]:
    return _texts(reading.said_by_buyers(Signal.NEEDS))[:_SOME]


def _fears(reading: SalesReading) -> Sequence[str]:
    return _texts(reading.said_by_buyers(Signal.FEARS))[:_SOME]


def _sentiment(reading: SalesReading) -> Sequence[str]:
    words = {"high": "positive", "low": "negative"}
    return [words.get(grade_sentiment(reading).word, "neutral")]


def _topics(words: str) -> frozenset[str]:
    return frozenset(map(stem, words.split()))


_SOURCES: tuple[tuple[frozenset[str], TextSource], ...] = (
    (_topics("step steps action actions todo todos followup commitment commitments"), _steps),
    (_topics("question questions"), _questions),
    (_topics("objection objections"), _objections),
    (_topics("response responses rebuttal rebuttals"), _responses),
    (_topics("technique techniques tactic tactics"), _techniques),
    (_topics("guideline guidelines recommendation recommendations advice rule rules"), _guidelines),
    (_topics("need needs want wants goal goals requirement requirements"), _needs),
    (_topics("fear fears concern concerns risk risks pain pains worry problem problems"), _fears),
    (_topics("sentiment mood tone emotion"), _sentiment),
    (_topics("keyword keywords topic topics tag tags term terms category categories"), _keywords),
    (_topics("speaker speakers participant participants attendee attendees"), _speakers),
    (_topics("name names person people company companies entity entities"), _names),
    (_topics("title headline subject heading"), _title),
    (_topics("summary abstract overview description answer text content"), _summary),
    (_topics("analysis report markdown"), _report),
    (_topics("quote quotes example examples highlight highlights excerpt key"), _key_sentences),
)
_PATTERNS = tuple((_topics(words), pattern) for words, pattern in _MATCHES.items())
_GRADES: tuple[tuple[frozenset[str], Callable[[SalesReading], Grade]], ...] = (
    (_topics("engagement interest"), grade_engagement),
    (_topics("objection objections"), grade_objection_handling),
    (_topics("clarity readability"), grade_clarity),
    (_topics("sentiment mood score rating level effectiveness confidence"), grade_sentiment),
)
