"""Evidence in a conversation, by sentence: form, signals, techniques, objections."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from edge.emulator.providers.engine.core.conversation import Conversation, Turn
from edge.emulator.providers.engine.core.question import Form, classify_form
from edge.emulator.providers.engine.core.ranking import is_prose
from edge.emulator.providers.engine.core.sentence import Sentence
from edge.emulator.providers.engine.drafts.sales.lexicon import (
    Entry,
    Lexicons,
    Signal,
    load_lexicons,
)

_FEWEST_WORDS = 3


@dataclass(frozen=True, slots=True)
class Note:
    """One sentence with its form, signals and matching lexicon entries."""

    sentence: Sentence
    form: Form
    signals: frozenset[Signal] = frozenset()
    techniques: tuple[Entry, ...] = ()
    strategies: tuple[Entry, ...] = ()
    objections: tuple[Entry, ...] = ()


@dataclass(frozen=True)
class Evidence:
    """Notes on a conversation, by sentence and by turn."""

    conversation: Conversation
    notes: tuple[Note, ...]
    _by_start: Mapping[int, Note] = field(repr=False)

    def of(self, sentence: Sentence) -> Note:
        return self._by_start[sentence.start]

    def of_turn(self, turn: Turn) -> list[Note]:
        return [self.of(sentence) for sentence in turn.sentences]

    def with_signal(self, signal: Signal) -> list[Note]:
        return [note for note in self.notes if signal in note.signals]

    def count_signals(self, turns: Iterable[Turn]) -> Counter[Signal]:
        return Counter(
            signal for turn in turns for note in self.of_turn(turn) for signal in note.signals
        )


def gather_evidence(conversation: Conversation) -> Evidence:
    """Classify every sentence of the conversation."""
    lexicons = load_lexicons()
    notes = tuple(_take_note(sentence, lexicons) for sentence in conversation.sentences)
    return Evidence(conversation, notes, {note.sentence.start: note for note in notes})


def _take_note(sentence: Sentence, lexicons: Lexicons) -> Note:
    form = classify_form(sentence)
    if not is_prose(sentence):
        return Note(sentence, form)
    signals = frozenset(lexicons.signals.find(sentence))
    if len(sentence.words) < _FEWEST_WORDS:
        return Note(sentence, form, signals)
    return Note(
        sentence,
        form,
        signals,
        lexicons.techniques.find(sentence, form),
        lexicons.strategies.find(sentence, form),
        lexicons.objections.find(sentence, form),
    )
