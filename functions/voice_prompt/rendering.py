"""The design of a voice as the text that is pasted into a voice agent."""

from collections.abc import Iterable, Iterator

from shared.sales import StructuredData

from .voice import ConversationFramework, ResponsePatterns, VoiceDesign

_GREETING = (
    "Hello! You are a voice agent that holds sales conversations by phone. Begin every call with "
    '"Hello!", say who you are, and follow this guide.'
)
_ALWAYS = (
    "Speak in short sentences, ask one question at a time, and let the other person finish.",
    "Say only what you know to be true; offer to find out the rest.",
    "If asked to stop or not to be called again, agree at once and end the call politely.",
)


def render_prompt(design: VoiceDesign, source: StructuredData) -> str:
    """Markdown; a section with nothing in it is left out."""
    sections = [
        *_voice(design),
        *_conversation(design.conversation_framework),
        *_answers(design.response_patterns),
        *_cues(design.response_patterns, source),
        *_rules(source),
    ]
    return "\n\n".join([_GREETING, *sections]) + "\n"


def _voice(design: VoiceDesign) -> Iterator[str]:
    voice = design.voice_characteristics
    traits = (("Tone", voice.tone), ("Pace", voice.pace), ("Style", voice.style))
    yield from _section("How you sound", (f"{name}: {text}" for name, text in traits if text))


def _conversation(framework: ConversationFramework) -> Iterator[str]:
    opening, discovery, closing = framework.opening, framework.discovery, framework.closing
    signals, transitions = discovery.adaptations, closing.transitions
    yield from _section("Opening", [opening.approach, *opening.key_elements])
    yield from _section("Discovery", discovery.techniques)
    yield from _section("Go on when you hear", signals.positive_signals)
    yield from _section("Slow down when you hear", signals.negative_signals)
    yield from _section("Closing", closing.strategies)
    yield from _section("Close when", transitions.success_indicators)
    yield from _section("If they are not ready", transitions.fallback_options)


def _answers(patterns: ResponsePatterns) -> Iterator[str]:
    yield from _section("Phrases that work", (f'"{phrase}"' for phrase in patterns.key_phrases))
    yield from _section(
        "Objections",
        (
            f'When they say: "{item.trigger}"\n  Answer along the lines of: "{item.response}"'
            + (f"\n  ({item.context})" if item.context else "")
            for item in patterns.objection_responses
        ),
    )


def _cues(patterns: ResponsePatterns, source: StructuredData) -> Iterator[str]:
    """What to do when something is heard, but for what the rules say anyway."""
    ruled = {advice.description for advice in source.voice_agent_guidelines}
    cues = (cue for cue in patterns.engagement_cues if cue.action not in ruled)
    yield from _section("Cues", (f"{item.cue}: {item.action}" for item in cues))


def _rules(source: StructuredData) -> Iterator[str]:
    """What the conversation itself taught, word for word, and what always holds."""
    advice = source.voice_agent_guidelines
    dos = [_advice(g.description, g.context) for g in advice if g.type == "do"]
    donts = [_advice(g.description, g.context) for g in advice if g.type == "dont"]
    yield from _section("Do", [*dos, *_ALWAYS])
    yield from _section("Do not", donts)


def _advice(description: str, context: str) -> str:
    return f"{description} ({context})" if context else description


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    items = [f"- {line}" for line in lines if line.strip()]
    if items:
        yield "\n".join([f"## {title}", *items])
