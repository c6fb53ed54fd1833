"""Draft of a voice agent prompt, derived from structured sales data alone."""

from collections.abc import Iterable, Iterator, Sequence

from edge.emulator.providers.engine.core.words import content_stems, split_words
from edge.emulator.providers.engine.drafts.sales.document import KnownPoint, SalesDocument
from edge.emulator.providers.engine.schema.draft import Draft

VOICE_NAMES = frozenset({"voice_characteristics", "conversation_framework", "response_patterns"})

_FEW = 5
_KEY_PHRASES = 8
_CALM_WORDS = 16
_OPENING = frozenset({"rapport", "agenda", "permission", "greet"})
_DISCOVERY = frozenset({"discovery", "question", "prob", "qualify", "listen", "pain"})
_CLOSING = frozenset({"clos", "urgency", "demo", "pilot", "risk", "trial", "summaris", "summariz"})
_WARM = frozenset({"empathy", "rapport", "listen", "personalisation", "personaliz"})
_CANDID = frozenset({"candour", "candor", "plain", "transparency", "honest"})


def draft_voice_answer(document: SalesDocument) -> dict[str, Draft]:
    """Draft the prompt; triggers, responses and key phrases are verbatim."""
    return {
        "voice_characteristics": _draft_voice(document),
        "conversation_framework": {
            "opening": _draft_opening(document),
            "discovery": _draft_discovery(document),
            "closing": _draft_closing(document),
        },
        "response_patterns": {
            "key_phrases": _key_phrases(document),
            "objection_responses": _objection_responses(document),
            "engagement_cues": _engagement_cues(document),
        },
    }


def _points(document: SalesDocument) -> Sequence[KnownPoint]:
    return [*document.techniques, *document.strategies]


def _about(points: Iterable[KnownPoint], topics: frozenset[str]) -> list[KnownPoint]:
    return [point for point in points if _touches(point.name, topics)]


def _touches(text: str, topics: frozenset[str]) -> bool:
    return any(stem.startswith(tuple(topics)) for stem in content_stems(text))


def _draft_voice(document: SalesDocument) -> dict[str, Draft]:
    warm = _about(_points(document), _WARM)
    candid = _about(_points(document), _CANDID)
    tone = ["warm" if warm else "matter-of-fact", "candid" if candid else "professional"]
    names = ", ".join(point.name.lower() for point in [*warm, *candid]) or "no particular strategy"
    quotes = [quote for point in _points(document) for quote in point.examples]
    mean = sum(len(split_words(quote)) for quote in quotes) / max(1, len(quotes))
    pace = "measured, in full sentences" if mean > _CALM_WORDS else "brisk, in short sentences"
    main = ", ".join(point.name.lower() for point in document.techniques[:3])
    return {
        "tone": f"{' and '.join(tone)} (seen: {names})",
        "pace": f"{pace}; the quoted sentences average {mean:.0f} words" if quotes else "measured",
        "style": f"leans on {main}" if main else "plain and unhurried",
    }


def _draft_opening(document: SalesDocument) -> dict[str, Draft]:
    openers = _about(_points(document), _OPENING)
    approach = openers[0] if openers else next(iter(_points(document)), None)
    return {
        "approach": f"{approach.name}: {approach.description}" if approach else "",
        "key_elements": [quote for point in openers for quote in point.examples][:_FEW]
        or _do_rules(document)[:2],
    }


def _draft_discovery(document: SalesDocument) -> dict[str, Draft]:
    probing = _about(_points(document), _DISCOVERY)
    names = [f"{point.name}: “{point.examples[0]}”" for point in probing if point.examples]
    positive = [
        f"A welcoming reply to: {point.name.lower()}"
        for point in _points(document)
        if _worked(point)
    ]
    return {
        "techniques": names[:_FEW],
        "adaptations": {
            "positive_signals": positive[:_FEW],
            "negative_signals": [each.objection for each in document.objections][:_FEW],
        },
    }


def _worked(point: KnownPoint) -> bool:
    return point.effectiveness.lower().startswith(("high", "very", "strong"))


def _draft_closing(document: SalesDocument) -> dict[str, Draft]:
    closers = _about(_points(document), _CLOSING)
    answered = [each.response for each in document.objections if each.response]
    return {
        "strategies": [f"{point.name}: {point.description}" for point in closers][:_FEW],
        "transitions": {
            "success_indicators": [quote for point in closers for quote in point.examples][:_FEW],
            "fallback_options": list(dict.fromkeys(answered))[:_FEW] or _do_rules(document)[:2],
        },
    }


def _key_phrases(document: SalesDocument) -> Sequence[Draft]:
    quotes = dict.fromkeys(quote for point in _points(document) for quote in point.examples[:2])
    return list(quotes)[:_KEY_PHRASES]


def _objection_responses(document: SalesDocument) -> list[Draft]:
    return [
        {
            "trigger": each.objection,
            "response": each.response,
            "context": _context(each.examples, each.objection),
        }
        for each in document.objections
        if each.objection and each.response
    ]


def _context(examples: Sequence[str], objection: str) -> str:
    others = [example for example in examples if example != objection]
    return f"Also heard as: “{others[0]}”" if others else ""


def _engagement_cues(document: SalesDocument) -> list[Draft]:
    return list(_cues(document))[:_KEY_PHRASES]


def _cues(document: SalesDocument) -> Iterator[Draft]:
    for rule in document.guidelines:
        cue = rule.context or ("always" if rule.is_do else "never")
        yield {"cue": cue, "action": rule.description}


def _do_rules(document: SalesDocument) -> list[str]:
    return [rule.description for rule in document.guidelines if rule.is_do]
