"""Conversation of a simulated call: scripted sentences filled with the call's variables.

Nothing is generated; `ENGINE` labels the text in `custom_analysis_data`.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from edge.emulator.providers.retell.call import Call

ENGINE: Final = "local-scripted"
_SCRIPTS: Final = Path(__file__).with_name("conversation.toml")
_VARIABLE: Final = re.compile(r"\{\{(\w+)\}\}")
_ALIASES: Final = {
    "name": ("name", "contact_name", "customer_name", "first_name"),
    "company": ("company", "company_name", "contact_company"),
    "sender": ("agent_company", "sender", "organization", "organization_name"),
    "topic": ("topic", "product", "offer", "campaign_name"),
}
_ROLES: Final = ("agent", "user")
_WORD_SECONDS: Final = 0.35
_PAUSE_SECONDS: Final = 0.8


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of agent or user; `begins` and `ends` are seconds from the start of the call."""

    role: str
    content: str
    begins: float

    @property
    def ends(self) -> float:
        return self.begins + _WORD_SECONDS * len(self.content.split())


def plan_turns(call: Call) -> list[Turn]:
    """Return the turns of a call that fit into its duration."""
    script = (call.end or call.outcome.end).script
    if script is None or call.started_ms is None:
        return []
    variants = _load_scripts()[_script_name(call, script)]
    variables = call.request.variables or {}
    available_ms = call.outcome.talk_ms if call.is_open else call.duration_ms
    turns: list[Turn] = []
    moment = _PAUSE_SECONDS
    for number, sentences in enumerate(variants[call.outcome.variant % len(variants)]):
        content = _fill(sentences, variables)
        turn = Turn(_ROLES[number % 2], content, round(moment, 2))
        if turn.ends * 1000 > available_ms and turns:
            break
        if content:
            turns.append(turn)
            moment = turn.ends + _PAUSE_SECONDS
    return turns


def render_transcript(turns: list[Turn]) -> str:
    """Render `transcript`: one line for each turn."""
    return "".join(f"{turn.role.capitalize()}: {turn.content}\n" for turn in turns)


def render_utterances(turns: list[Turn]) -> list[dict[str, Any]]:
    """Render `transcript_object`: turns with the times of their words."""
    return [
        {"role": turn.role, "content": turn.content, "words": _render_words(turn)} for turn in turns
    ]


def _render_words(turn: Turn) -> list[dict[str, Any]]:
    return [
        {
            "word": word,
            "start": round(turn.begins + _WORD_SECONDS * place, 2),
            "end": round(turn.begins + _WORD_SECONDS * (place + 1), 2),
        }
        for place, word in enumerate(turn.content.split())
    ]


def _script_name(call: Call, script: str) -> str:
    if script != "person":
        return script
    return "agreement" if call.outcome.is_successful else "refusal"


def _fill(sentences: list[str], variables: Mapping[str, str]) -> str:
    filled = (_fill_sentence(sentence, variables) for sentence in sentences)
    return " ".join(sentence for sentence in filled if sentence)


def _fill_sentence(sentence: str, variables: Mapping[str, str]) -> str:
    values = {name: _value(name, variables) for name in _VARIABLE.findall(sentence)}
    if not all(values.values()):
        return ""
    return _VARIABLE.sub(lambda match: values[match.group(1)], sentence)


def _value(name: str, variables: Mapping[str, str]) -> str:
    return next((variables[alias] for alias in _ALIASES[name] if variables.get(alias)), "")


@cache
def _load_scripts() -> dict[str, list[list[list[str]]]]:
    loaded = tomllib.loads(_SCRIPTS.read_text())
    return {name: [variant["turns"] for variant in variants] for name, variants in loaded.items()}
