"""Parsing of transcripts into turns and sentences, each an exact span of the source."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from edge.emulator.providers.engine.core.line import Line, LineKind, scan_lines
from edge.emulator.providers.engine.core.sentence import Sentence, Span, split_sentences
from edge.emulator.providers.engine.core.speaker import accept_names, normalize_name


@dataclass(frozen=True, slots=True)
class Turn:
    """Consecutive sentences of one speaker; `block` numbers the excerpts of the source."""

    index: int
    speaker: str | None
    block: int
    sentences: tuple[Sentence, ...]

    @property
    def word_count(self) -> int:
        return sum(len(sentence.words) for sentence in self.sentences)


@dataclass(frozen=True)
class Conversation:
    """The source text and its turns."""

    text: str
    turns: tuple[Turn, ...]

    @cached_property
    def sentences(self) -> tuple[Sentence, ...]:
        return tuple(sentence for turn in self.turns for sentence in turn.sentences)

    @cached_property
    def speakers(self) -> tuple[str, ...]:
        """Speaker names in order of appearance."""
        return tuple(dict.fromkeys(turn.speaker for turn in self.turns if turn.speaker))

    def speaker_of(self, sentence: Sentence) -> str | None:
        return self.turns[sentence.turn].speaker

    def reply_to(self, turn_index: int) -> Turn | None:
        """Return the next turn if another speaker has it and it is in the same excerpt."""
        turn = self.turns[turn_index]
        if turn_index + 1 >= len(self.turns):
            return None
        following = self.turns[turn_index + 1]
        is_same_speaker = turn.speaker is not None and following.speaker == turn.speaker
        return None if is_same_speaker or following.block != turn.block else following

    def quote(self, sentences: Sequence[Sentence]) -> str:
        """Return the longest verbatim span of consecutive sentences, starting with the first."""
        first, end = sentences[0], sentences[0].end
        for sentence in sentences[1:]:
            gap = self.text[end : sentence.start]
            if gap.strip() or "\n" in gap or "\r" in gap:
                break
            end = sentence.end
        return self.text[first.start : end]


@dataclass(slots=True)
class _Draft:
    """A turn under construction."""

    speaker: str | None
    block: int
    runs: list[Span] = field(default_factory=list[Span])


@dataclass(frozen=True, slots=True)
class _Piece:
    """Part of a line said by one speaker; `label` None continues the previous speaker."""

    label: str | None
    start: int
    end: int


def parse_conversation(text: str) -> Conversation:
    """Parse any transcript: with or without labels, with timestamps, VTT, SRT or plain prose."""
    lines = list(scan_lines(text))
    drafts = _collect_turns(text, lines, accept_names(lines))
    read = ((draft, _find_sentences(text, draft)) for draft in drafts)
    spoken = [(draft, spans) for draft, spans in read if spans]
    return Conversation(
        text,
        tuple(_build_turn(text, index, *spoken_turn) for index, spoken_turn in enumerate(spoken)),
    )


def _collect_turns(text: str, lines: Iterable[Line], names: frozenset[str]) -> list[_Draft]:
    drafts: list[_Draft] = []
    display: dict[str, str] = {}
    block, can_join = 0, False
    for line in lines:
        if line.kind is not LineKind.SPEECH:
            block += line.kind is LineKind.GAP
            can_join = False
            continue
        for piece in _cut_line(line, names):
            key = normalize_name(piece.label) if piece.label else None
            speaker = display.setdefault(key, piece.label or "") if key else None
            _add_piece(text, drafts, piece, _Draft(speaker, block), can_join and not line.is_item)
            can_join = True
    return drafts


def _cut_line(line: Line, names: frozenset[str]) -> Iterator[_Piece]:
    labels = [label for label in line.labels if normalize_name(label.name) in names]
    first = labels[0].start if labels else line.end
    if line.start < first:
        yield _Piece(None, line.start, first)
    ends = [*(label.start for label in labels[1:]), line.end]
    for label, end in zip(labels, ends, strict=False):
        yield _Piece(label.name, min(label.end, end), end)


def _add_piece(
    text: str, drafts: list[_Draft], piece: _Piece, fresh: _Draft, can_join: bool
) -> None:
    current = drafts[-1] if drafts else None
    if current is None or current.block != fresh.block:
        drafts.append(fresh)
    elif fresh.speaker is not None:
        if fresh.speaker != current.speaker:
            drafts.append(fresh)
    elif can_join and current.runs and _is_wrapped(text, current.runs[-1][1], piece.start):
        start, _ = current.runs.pop()
        piece = _Piece(None, start, piece.end)
    elif current.speaker is None:
        drafts.append(fresh)
    drafts[-1].runs.append((piece.start, piece.end))


def _is_wrapped(text: str, end: int, start: int) -> bool:
    """True if a line continues the previous one: lower case after an unfinished sentence."""
    before = text[max(0, end - 8) : end].rstrip()[-1:]
    return text[start : start + 1].islower() and before not in '.!?…:;"\u201d)'


def _find_sentences(text: str, draft: _Draft) -> list[Span]:
    spans = [span for start, end in draft.runs for span in split_sentences(text, start, end)]
    return [span for span in spans if _has_word(text, span)]


def _has_word(text: str, span: Span) -> bool:
    return any(character.isalnum() for character in text[span[0] : span[1]])


def _build_turn(text: str, index: int, draft: _Draft, spans: Sequence[Span]) -> Turn:
    sentences = tuple(Sentence(start, end, text[start:end], index) for start, end in spans)
    return Turn(index, draft.speaker, draft.block, sentences)
