"""Cue lexicons of techniques, strategies, objections and signals."""

import tomllib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from edge.emulator.providers.engine.core.cue import CueIndex
from edge.emulator.providers.engine.core.question import Form
from edge.emulator.providers.engine.core.sentence import Sentence

_FOLDER = Path(__file__).parent / "lexicons"
_TRANSLATIONS = ("es", "de", "fr", "pt")


class Signal(StrEnum):
    """Kinds of remark that are counted and quoted."""

    WELCOMES = "welcomes"
    RESISTS = "resists"
    NEEDS = "needs"
    FEARS = "fears"
    COMMITS = "commits"
    NEXT_STEPS = "next_steps"
    COMMERCIAL = "commercial"
    TRADE = "trade"
    SELLER_VOICE = "seller_voice"
    BUYER_VOICE = "buyer_voice"


@dataclass(frozen=True, slots=True)
class Entry:
    """One technique, strategy or objection."""

    key: str
    name: str
    description: str
    advice: str
    form: Form
    yields_to: tuple[str, ...] = ()
    is_selling: bool = False


class EntryLexicon:
    """Entries of one lexicon file, matched against sentences."""

    def __init__(self, kind: str) -> None:
        entries: list[dict[str, Any]] = _read(kind)["entry"]
        more = _read_translations(kind)
        self.entries = tuple(_read_entry(raw) for raw in entries)
        self._index = CueIndex[Entry](
            {
                entry: [*raw["cues"], *more.get(entry.key, ())]
                for entry, raw in zip(self.entries, entries, strict=True)
            }
        )

    def find(self, sentence: Sentence, form: Form) -> tuple[Entry, ...]:
        """Return the entries that match the sentence, in the order of the file."""
        cued = self._index.find(sentence)
        shown = [entry for entry in self.entries if entry in cued and form.fits(entry.form)]
        keys = {entry.key for entry in shown}
        return tuple(entry for entry in shown if keys.isdisjoint(entry.yields_to))


@dataclass(frozen=True, slots=True)
class Lexicons:
    """All lexicons, compiled."""

    techniques: EntryLexicon
    strategies: EntryLexicon
    objections: EntryLexicon
    signals: CueIndex[Signal]


@cache
def load_lexicons() -> Lexicons:
    """Read and compile the lexicon files once."""
    signals = _read("signals")["cues"]
    more = _read_translations("signals")
    return Lexicons(
        EntryLexicon("techniques"),
        EntryLexicon("strategies"),
        EntryLexicon("objections"),
        CueIndex[Signal]({s: [*signals[s.value], *more.get(s.value, ())] for s in Signal}),
    )


def _read_translations(kind: str) -> dict[str, list[str]]:
    """Return the cues of all other languages by key."""
    cues: dict[str, list[str]] = {}
    for language in _TRANSLATIONS:
        for key, phrases in _read(language)[kind].items():
            cues.setdefault(key, []).extend(phrases)
    return cues


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((_FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def _read_entry(raw: dict[str, Any]) -> Entry:
    return Entry(
        key=raw["key"],
        name=raw["name"],
        description=raw["description"],
        advice=raw["advice"],
        form=Form(raw["form"]),
        yields_to=tuple(raw.get("yields_to", ())),
        is_selling=raw.get("is_selling", False),
    )
