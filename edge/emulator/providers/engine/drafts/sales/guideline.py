"""Do and don't guidelines, each derived from counted evidence."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from edge.emulator.providers.engine.core.sentence import Sentence
from edge.emulator.providers.engine.drafts.sales.finding import Finding, spell_times
from edge.emulator.providers.engine.drafts.sales.reaction import score_reply
from edge.emulator.providers.engine.drafts.sales.reading import SalesReading

_MOST_WELCOMED = 4
_MOST_ADVISED = 3
_MOST_DONT = 4
_LONG_TURN_WORDS = 90


@dataclass(frozen=True, slots=True)
class Guideline:
    """A guideline; `kind` is "do" or "dont", `context` names the evidence."""

    kind: str
    description: str
    context: str


def derive_guidelines(reading: SalesReading) -> list[Guideline]:
    """Derive guidelines; empty if the conversation is not a sale."""
    if not reading.is_sale:
        return []
    return [
        *islice(_welcomed(reading), _MOST_WELCOMED),
        *islice(_advised(reading), _MOST_ADVISED),
        *islice(_donts(reading), _MOST_DONT),
    ]


def _welcomed(reading: SalesReading) -> Iterator[Guideline]:
    shown = [*reading.techniques, *reading.strategies]
    welcomed = [finding for finding in shown if finding.reactions.good > finding.reactions.bad]
    advised: set[str] = set()
    for finding in sorted(welcomed, key=_welcome, reverse=True):
        if finding.entry.advice not in advised:
            advised.add(finding.entry.advice)
            yield Guideline("do", finding.entry.advice, _describe_success(finding))


def _advised(reading: SalesReading) -> Iterator[Guideline]:
    """Yield the advice for each kind of objection raised."""
    kinds: set[str] = set()
    for objection in reading.objections:
        if objection.entry.key not in kinds:
            kinds.add(objection.entry.key)
            yield Guideline(
                "do", objection.entry.advice, f"An objection of this kind was: “{objection.text}”"
            )


def _welcome(finding: Finding) -> tuple[int, float]:
    return finding.reactions.good - finding.reactions.bad, finding.reactions.ratio or 0.0


def _describe_success(finding: Finding) -> str:
    seen = f"{finding.entry.name}: seen {spell_times(finding.count)}"
    welcomed = f"{finding.reactions.good} of {finding.reactions.total} replies were welcoming"
    return f"{seen}, {welcomed}."


def _donts(reading: SalesReading) -> Iterator[Guideline]:
    unanswered = [objection for objection in reading.objections if not objection.is_answered]
    if unanswered:
        yield Guideline(
            "dont",
            "Do not leave an objection unanswered.",
            f"{len(unanswered)} of {len(reading.objections)} objections got no answer,"
            f" such as “{unanswered[0].text}”",
        )
    yield from _resisted(reading)
    yield from _monologues(reading)


def _resisted(reading: SalesReading) -> Iterator[Guideline]:
    for finding in reading.techniques:
        if finding.reactions.bad > finding.reactions.good and finding.examples:
            yield Guideline(
                "dont",
                f"Do not rely on this alone: {finding.entry.name.lower()}.",
                f"{finding.reactions.bad} of {finding.reactions.total} replies resisted,"
                f" after words such as “{finding.examples[0]}”",
            )


def _monologues(reading: SalesReading) -> Iterator[Guideline]:
    turns = [
        turn
        for turn in reading.conversation.turns
        if turn.speaker in reading.roles.sellers and turn.word_count > _LONG_TURN_WORDS
    ]
    if turns:
        longest = max(turn.word_count for turn in turns)
        yield Guideline(
            "dont",
            "Do not speak for long without asking something.",
            f"{len(turns)} turns of the seller have more than {_LONG_TURN_WORDS} words,"
            f" the longest {longest}.",
        )


def moments(reading: SalesReading, *, welcome: bool) -> list[Sentence]:
    """Return sellers' remarks with welcoming (or resisting) replies, strongest first."""
    sign = 1 if welcome else -1
    scored: dict[int, tuple[int, Sentence]] = {}
    for turn in reading.conversation.turns:
        if turn.speaker in reading.roles.sellers and turn.sentences:
            last = turn.sentences[-1]
            scored[last.start] = ((score_reply(reading.evidence, last) or 0) * sign, last)
    ranked = sorted(scored.values(), key=lambda item: (-item[0], item[1].start))
    return [sentence for score, sentence in ranked if score > 0]
