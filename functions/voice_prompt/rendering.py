"""The design of a voice as the text that is pasted into a voice agent.

A real call yields far more than an agent can follow, so each section has a budget, and no
section repeats another. All of the design stays in the stored row's metadata.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from shared.conversations.sales import Guideline, StructuredData

from .text_budget import Deduplicator, LineBudget, join_alike, shorten
from .voice import EngagementCue, ObjectionResponse, VoiceDesign

_GREETING: Final = (
    "Hello! You are a voice agent that holds sales conversations by phone. Begin every call with "
    '"Hello!", say who you are, and follow this guide.'
)
_ALWAYS: Final = (
    "Speak in short sentences, ask one question at a time, and let the other person finish.",
    "Say only what you know to be true; offer to find out the rest.",
    "If asked to stop or not to be called again, agree at once and end the call politely.",
)
_VOICE: Final = LineBudget(lines=3, line_words=20, words=50)
_OPENING: Final = LineBudget(lines=4, line_words=25, words=55)
_DISCOVERY: Final = LineBudget(lines=3, line_words=25, words=50)
_CLOSING: Final = LineBudget(lines=3, line_words=20, words=45)
_FALLBACKS: Final = LineBudget(lines=2, line_words=25, words=40)
_SIGNS: Final = LineBudget(lines=3, line_words=20, words=30)
_PHRASES: Final = LineBudget(lines=6, line_words=20, words=50)
_CUES: Final = LineBudget(lines=3, line_words=20, words=30)
_DOS: Final = LineBudget(lines=7, line_words=25, words=80)
_DONTS: Final = LineBudget(lines=5, line_words=25, words=60)
_OBJECTIONS: Final = LineBudget(lines=6, line_words=80, words=230)
_TRIGGER_WORDS: Final = 18
_RESPONSE_WORDS: Final = 32
_CONTEXT_WORDS: Final = 10
# "seen 3 times, 2 of 3 replies were welcoming": for whoever judges the advice, not for the agent.
_STATISTICS: Final = re.compile(r"\b\d+ of \d+\b|\bseen (once|\d+ times)\b")

Lines = list[str]


def render_prompt(design: VoiceDesign, source: StructuredData) -> str:
    """Render Markdown without empty sections."""
    sections = _select(design, source)
    parts = [_render_section(title, sections[title]) for title in _ORDER if sections[title]]
    return "\n\n".join([_GREETING, *parts]) + "\n"


_ORDER: Final = (
    "How you sound",
    "Opening",
    "Discovery",
    "Go on when you hear",
    "Slow down when you hear",
    "Closing",
    "Close when",
    "If they are not ready",
    "Phrases that work",
    "Objections",
    "Cues",
    "Do",
    "Do not",
)


def _select(design: VoiceDesign, source: StructuredData) -> dict[str, Lines]:
    """Return the lines of each section; earlier ones win where several would say the same."""
    seen = Deduplicator()
    patterns, framework = design.response_patterns, design.conversation_framework
    opening, discovery, closing = framework.opening, framework.discovery, framework.closing
    signals, transitions = discovery.adaptations, closing.transitions
    advice = source.voice_agent_guidelines
    return {
        "Objections": _objections(patterns.objection_responses, seen),
        "Do not": seen.select(_advice(advice, "dont"), _DONTS),
        "Do": [*seen.select(_advice(advice, "do"), _DOS), *_ALWAYS],
        "How you sound": seen.select(_traits(design), _VOICE),
        "Opening": seen.select([opening.approach, *opening.key_elements], _OPENING),
        "Discovery": seen.select(discovery.techniques, _DISCOVERY),
        "Closing": seen.select(closing.strategies, _CLOSING),
        "Close when": seen.select(transitions.success_indicators, _SIGNS),
        "If they are not ready": seen.select(transitions.fallback_options, _FALLBACKS),
        "Phrases that work": [f'"{p}"' for p in seen.select(patterns.key_phrases, _PHRASES)],
        "Go on when you hear": seen.select(join_alike(signals.positive_signals), _SIGNS),
        "Slow down when you hear": seen.select(join_alike(signals.negative_signals), _SIGNS),
        "Cues": seen.select(_cues(patterns.engagement_cues, seen), _CUES),
    }


def _traits(design: VoiceDesign) -> Iterator[str]:
    voice = design.voice_characteristics
    traits = (("Tone", voice.tone), ("Pace", voice.pace), ("Style", voice.style))
    return (f"{name}: {text}" for name, text in traits if text)


def _objections(items: Iterable[ObjectionResponse], seen: Deduplicator) -> Lines:
    """Render each response once, with up to two of its objections."""
    met: dict[str, list[ObjectionResponse]] = {}
    for item in items:
        response = shorten(item.response, _RESPONSE_WORDS)
        if response and item.trigger.strip():
            met.setdefault(response, []).append(item)
    taken: Lines = []
    for response, answered in met.items():
        line = _objection(response, answered)
        if _OBJECTIONS.allows([*taken, line]):
            taken.append(line)
            for text in (response, *(item.trigger for item in answered)):
                seen.remember(text)
    return taken


def _objection(response: str, items: Sequence[ObjectionResponse]) -> str:
    heard = " or ".join(f'"{shorten(item.trigger, _TRIGGER_WORDS)}"' for item in items[:2])
    context = _short_context(items[0].context)
    remark = f"\n  ({context})" if context else ""
    return f'When they say: {heard}\n  Answer along the lines of: "{response}"{remark}'


def _cues(cues: Iterable[EngagementCue], seen: Deduplicator) -> Iterator[str]:
    """Yield what to do on a cue, unless another section has it."""
    for cue in cues:
        is_new = not (seen.repeats(cue.cue) or seen.repeats(cue.action))
        if is_new and not _STATISTICS.search(cue.cue):
            yield f"{cue.cue}: {cue.action}"


def _advice(guidelines: Iterable[Guideline], kind: str) -> Iterator[str]:
    """Yield the guidelines of the conversation with their conditions."""
    for guideline in guidelines:
        if guideline.type == kind:
            context = _short_context(guideline.context)
            yield f"{guideline.description} ({context})" if context else guideline.description


def _short_context(context: str) -> str:
    """Return the context if it is short and more than a count."""
    if _STATISTICS.search(context) or shorten(context, _CONTEXT_WORDS) != context.strip():
        return ""
    return context.strip()


def _render_section(title: str, lines: Lines) -> str:
    return "\n".join([f"## {title}", *(f"- {line}" for line in lines)])
