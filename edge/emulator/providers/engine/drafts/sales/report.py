"""Markdown report of a conversation: verbatim quotations and counted numbers."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from edge.emulator.providers.engine.core.language import describe_unknown
from edge.emulator.providers.engine.core.question import Form
from edge.emulator.providers.engine.core.sentence import Sentence
from edge.emulator.providers.engine.drafts.sales.finding import Finding, spell_times
from edge.emulator.providers.engine.drafts.sales.guideline import moments
from edge.emulator.providers.engine.drafts.sales.lexicon import Signal
from edge.emulator.providers.engine.drafts.sales.objection import Objection
from edge.emulator.providers.engine.drafts.sales.reading import SalesReading

_FEW = 4
_SOME = 6
_TERMS = 8
_LABEL = (
    "_Local extractive analysis: quotations are verbatim, numbers are counted, nothing is judged._"
)


def render_report(reading: SalesReading) -> str:
    """Render the report, omitting sections without evidence."""
    sections = [_overview(reading), _language(reading), _subject(reading)]
    if reading.is_sale:
        sections += [section(reading) for section in _SALE_SECTIONS]
    else:
        sections.append("No sales conversation was recognised in this text.")
    return "\n\n".join([*filter(None, sections), _LABEL])


def _overview(reading: SalesReading) -> str:
    conversation = reading.conversation
    words = sum(turn.word_count for turn in conversation.turns)
    counted = f"{words} words in {len(conversation.sentences)} sentences"
    if not conversation.speakers:
        return f"## Overview\n\n{counted}; the speakers are not named."
    lines = [f"{counted} and {len(conversation.turns)} turns."]
    spoken: Counter[str] = Counter()
    for turn in conversation.turns:
        spoken[turn.speaker or "unnamed"] += turn.word_count
    lines += [
        f"- **{name}**{_role(reading, name)}: {count} words ({count / max(1, words):.0%})"
        for name, count in spoken.most_common(_SOME)
    ]
    return "## Overview\n\n" + "\n".join(lines)


def _role(reading: SalesReading, name: str) -> str:
    if name in reading.roles.sellers:
        return " (seller)"
    return " (buyer)" if name in reading.roles.buyers else ""


def _language(reading: SalesReading) -> str:
    """Name the text's language if the lexicons do not know it."""
    notice = describe_unknown(reading.conversation.text)
    return f"**{notice}**" if notice else ""


def _subject(reading: SalesReading) -> str:
    terms = reading.weights.top_terms(_TERMS)
    key = reading.weights.top_sentences(_FEW)
    if not terms:
        return ""
    named = "Most telling terms: " + ", ".join(terms) + "."
    return "\n\n".join(["## What it is about", named, _quotes(reading, key)]).rstrip()


def _wants(reading: SalesReading) -> str:
    wants = reading.said_by_buyers(Signal.NEEDS)
    return _section("What the buyer wants", _quotes(reading, wants[:_FEW]))


def _fears(reading: SalesReading) -> str:
    fears = reading.said_by_buyers(Signal.FEARS)
    return _section("What the buyer fears", _quotes(reading, fears[:_FEW]))


def _techniques(reading: SalesReading) -> str:
    return _section("Techniques", _findings(reading.techniques))


def _strategies(reading: SalesReading) -> str:
    return _section("Ways of speaking", _findings(reading.strategies))


def _objections(reading: SalesReading) -> str:
    return _section("Objections and answers", "\n".join(map(_objection, reading.objections)))


def _questions(reading: SalesReading) -> str:
    questions = reading.questions()
    if not questions:
        return ""
    by_form = Counter(note.form for note in questions)
    speakers = Counter(reading.conversation.speaker_of(note.sentence) for note in questions)
    asked = ", ".join(f"{name} {count}" for name, count in speakers.most_common() if name)
    counted = (
        f"{len(questions)} questions: {by_form[Form.OPEN_QUESTION]} open,"
        f" {by_form[Form.CLOSED_QUESTION]} closed" + (f" ({asked})." if asked else ".")
    )
    shown = reading.weights.top_sentences(_FEW, [note.sentence for note in questions])
    return _section("Questions", counted + "\n\n" + _quotes(reading, shown))


def _agreements(reading: SalesReading) -> str:
    return _section("Commitments and next steps", _quotes(reading, _united(reading)[-_SOME:]))


def _united(reading: SalesReading) -> Sequence[Sentence]:
    both = {each.start: each for each in [*reading.commitments(), *reading.next_steps()]}
    return [both[start] for start in sorted(both)]


def _went_well(reading: SalesReading) -> str:
    return _section("What was welcomed", _quotes(reading, moments(reading, welcome=True)[:_FEW]))


def _went_badly(reading: SalesReading) -> str:
    return _section("What met resistance", _quotes(reading, moments(reading, welcome=False)[:_FEW]))


_SALE_SECTIONS: tuple[Callable[[SalesReading], str], ...] = (
    _wants,
    _fears,
    _techniques,
    _strategies,
    _objections,
    _questions,
    _agreements,
    _went_well,
    _went_badly,
)


def _section(title: str, body: str) -> str:
    return f"## {title}\n\n{body}" if body.strip() else ""


def _quotes(reading: SalesReading, sentences: Iterable[Sentence]) -> str:
    return "\n".join(_quote_lines(reading, sentences))


def _quote_lines(reading: SalesReading, sentences: Iterable[Sentence]) -> Iterator[str]:
    for sentence in sentences:
        speaker = reading.conversation.speaker_of(sentence)
        yield f"- {speaker}: “{sentence.text}”" if speaker else f"- “{sentence.text}”"


def _findings(findings: Sequence[Finding]) -> str:
    return "\n".join(
        f"- **{each.entry.name}** ({spell_times(each.count)}, taken: {each.reactions.level})"
        + (f": “{each.examples[0]}”" if each.examples else "")
        for each in findings
    )


def _objection(objection: Objection) -> str:
    answer = f"“{objection.response}”" if objection.is_answered else "no answer recorded"
    return f"- **{objection.entry.name}**: “{objection.text}”\n  - Answer: {answer}"
