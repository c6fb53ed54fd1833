"""Plain text with times and names, as meeting services write it; other text stays as it is.

A line may be a heading above what is said (`Ann   0:03`, `[Ann] 10:00:12`, `0:03 | Ann`), or
hold it (`[00:03] Ann: …`, `Ann (00:03): …`, `10:00:12 From Ann to Everyone: …`, tabs).
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from backend.transcripts.labels import NAME, accept_labels, find_label, is_name, is_role
from backend.transcripts.turns import Utterance, join_texts, one_line, speaker_name

_CLOCK: Final = r"(?:\d{1,2}:)?\d{1,2}:\d{2}(?:[.,]\d{1,3})?(?:\s?[ap]\.?m\.?)?"
_SPAN: Final = rf"{_CLOCK}(?:\s*(?:-|\u2013|-->|to)\s*{_CLOCK})?"
_DAY: Final = r"(?:\d{4}-\d{2}-\d{2}[ T]|\d{1,2}[./-]\d{1,2}[./-]\d{2,4},? )"
_ZONE: Final = r"(?:Z|[+-]\d{2}:?\d{2})"
_BOX: Final = rf"[\[(<]?\s*{_DAY}?{_SPAN}{_ZONE}?\s*[\])>]?"
_SEP: Final = r"\s*(?:[-\u2013\u2014|,•·:\uff1a])?\s*"
_N: Final = rf"[*_]{{0,2}}[\[<]?(?P<name>{NAME})[\]>]?[*_]{{0,2}}"
_CHAT: Final = re.compile(
    rf"(?P<time>{_CLOCK})\s+(?:From\s+)?(?P<name>{NAME}?)(?:\s+to\s+[^:]{{1,80}}?)?"
    r"(?:\s*\(direct message\))?\s*(?::|\uff1a)\s*(?P<text>.*)",
    re.I,
)
_INLINE: Final = (
    re.compile(rf"(?P<time>{_BOX}){_SEP}{_N}\s*(?::(?=\s|\*|$)|\uff1a|\t)[*\s]*(?P<text>.+)", re.I),
    re.compile(
        rf"{_N}\s*(?P<time>[\[(]{_SPAN}[\])])\s*(?::|\uff1a)?\s*(?P<text>[^\s:\uff1a].*)", re.I
    ),
    re.compile(
        rf"{_N}\s+(?P<time>{_CLOCK})\s*(?::\s|\uff1a|\t|\s[-\u2013|]\s)\s*(?P<text>\S.*)", re.I
    ),
    re.compile(rf"(?P<time>{_BOX})\s*\|\s*{_N}\s*\|\s*(?P<text>.+)", re.I),
)
_HEADINGS: Final = (
    re.compile(rf"{_N}(?:\s{{2,}}|\t+|\s*[|,•·@\u2013-]\s*|\s*:\s+|\s)(?P<time>{_BOX})\s*:?", re.I),
    re.compile(rf"{_N}\s*(?P<time>[\[(]{_SPAN}[\])])\s*:?", re.I),
    re.compile(rf"(?P<time>{_BOX}){_SEP}{_N}\s*:?", re.I),
)
_ONLY_TIME: Final = re.compile(rf"\s*{_BOX}\s*", re.I)
_EVENT: Final = re.compile(
    r".{1,60} (?:started|stopped) transcription|meeting ended after .{1,20}|transcribed by .{1,40}"
    r"|this editable transcript was .{1,120}|transcription (?:started|ended|stopped).{0,40}",
    re.I,
)
_DATE: Final = re.compile(
    r"\b(?:19|20)\d{2}\b|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)\w* \d{1,2}\b", re.I
)
_MARKED: Final = re.compile(
    rf"^[*_]{{2}}(?P<name>{NAME})(?::[*_]{{2}}|[*_]{{2}}\s*:)\s*|^\[(?P<boxed>{NAME})\]\s*:\s*",
    re.I,
)
_TIME_AFTER: Final = re.compile(rf"^(?P<label>{NAME}:)\s*[\[(]{_SPAN}[\])]\s+", re.I)
_TIME_BEFORE: Final = re.compile(rf"\[{_SPAN}\]\s+", re.I)
_TABLE: Final = re.compile(r"start\tend\ttext\r?\n", re.I)  # Whisper's .tsv
_GAP: Final = re.compile(r"\s{4,}")
_FEWEST: Final = 2


@dataclass(frozen=True, slots=True)
class _Line:
    """What a line is: a heading has no text; without a name it goes on."""

    name: str | None
    text: str


def parse_text(text: str) -> tuple[list[Utterance] | None, list[str]]:
    """Return the utterances of a text with times or tabs, None for other text; and notices."""
    if _TABLE.match(text):
        rows = (line.split("\t", 2) for line in text.split("\n")[1:] if line.strip())
        return [Utterance(None, one_line(row[-1])) for row in rows if len(row) > _FEWEST], []
    lines = [_squeeze(line) for line in text.split("\n")]
    for readers in (_INLINE_READERS, (_read_chat,), (_read_columns,), _HEADING_READERS):
        read = [[reader(line) for line in lines] for reader in readers]
        best = max(read, key=_count)
        if _is_format(best):
            return _collect(lines, best)
    rest = _read_paired(lines) or _read_labelled(lines)
    return _collect(lines, rest) if rest else (None, [])


def tidy(text: str) -> str:
    """Return the text with labels as `Ann: …`, without Markdown, brackets and times beside them.

    Times before every line are left out as well.
    """
    lines = [_unmark(line) for line in text.strip().split("\n")]
    filled = [line for line in lines if line.strip()]
    if len(filled) >= _FEWEST and all(map(_TIME_BEFORE.match, filled)):
        lines = [_TIME_BEFORE.sub("", line, count=1) for line in lines]
    return "\n".join(lines)


def _unmark(line: str) -> str:
    plain = _MARKED.sub(lambda found: f"{found['name'] or found['boxed']}: ", line.strip())
    label = _TIME_AFTER.match(plain)
    return f"{label['label']} {plain[label.end() :]}" if label else plain


def _squeeze(line: str) -> str:
    """Return the line without space around it and with short gaps, which bounds the matching."""
    plain = line.strip("\u200b\ufeff \r\f\v")
    return _GAP.sub(lambda gap: "\t" if "\t" in gap.group() else "   ", plain)


def _count(found: Sequence[_Line | None]) -> int:
    return sum(bool(line and line.name) for line in found)


def _is_format(found: Sequence[_Line | None]) -> bool:
    names = Counter(line.name for line in found if line and line.name)
    if sum(names.values()) < _FEWEST:
        return False
    return all(is_role(n) or is_name(n) or count > 1 for n, count in names.items())


def _inline(pattern: re.Pattern[str], line: str) -> _Line | None:
    found = pattern.fullmatch(line)
    if found is None or not _has_letters(found["name"]):
        return None
    return _Line(_name(found["name"]), one_line(found["text"]))


def _has_letters(name: str) -> bool:
    """True for names and telephone numbers, False for parts of a time."""
    return is_role(name.strip()) or any(character.isalpha() for character in name)


def _heading(pattern: re.Pattern[str], line: str) -> _Line | None:
    found = pattern.fullmatch(line)
    if found is None or _DATE.search(found["name"]) or not _has_letters(found["name"]):
        return None
    name = found["name"].strip()
    return _Line(_name(name), "") if is_role(name) or is_name(name) else None


def _read_chat(line: str) -> _Line | None:
    found = _CHAT.fullmatch(line)
    return _Line(_name(found["name"]), one_line(found["text"])) if found else None


def _read_columns(line: str) -> _Line | None:
    """Read tab-separated columns: times, a name, the text."""
    columns = [column.strip() for column in line.split("\t")]
    words = [c for c in columns if c and not _ONLY_TIME.fullmatch(c) and not c.isdecimal()]
    if (
        len(columns) < _FEWEST
        or len(words) != _FEWEST
        or not (is_role(words[0]) or is_name(words[0]))
    ):
        return None
    return _Line(_name(words[0]), one_line(words[1]))


_Reader = Callable[[str], _Line | None]
_INLINE_READERS: Final[Sequence[_Reader]] = [partial(_inline, each) for each in _INLINE]
_HEADING_READERS: Final[Sequence[_Reader]] = [partial(_heading, each) for each in _HEADINGS]


def _read_paired(lines: list[str]) -> list[_Line | None] | None:
    """Read a name and, on the next line, a time, as headings."""
    found: list[_Line | None] = [None] * len(lines)
    for number in range(len(lines) - 1):
        name = lines[number].strip().rstrip(":")
        if not _ONLY_TIME.fullmatch(lines[number + 1]) or not name or _ONLY_TIME.fullmatch(name):
            continue
        if re.fullmatch(NAME, name) and is_name(name):
            found[number] = _Line(_name(name), "")
    return found if _is_format(found) else None


def _read_labelled(lines: list[str]) -> list[_Line | None] | None:
    """Read labelled lines between lines that are only times, as Google Meet's documents have."""
    if not any(_ONLY_TIME.fullmatch(line) for line in lines):
        return None
    labels = [find_label(line.strip()) for line in lines]
    first = next(n for n, line in enumerate(lines) if _ONLY_TIME.fullmatch(line))
    before = [number for number, label in enumerate(labels[:first]) if label]
    if len(before) >= _FEWEST:
        first = before[0]  # the times only mark sections
    spoken = [line.strip() for line in lines[first:] if not _ONLY_TIME.fullmatch(line)]
    accepted = accept_labels(line for line in spoken if not _EVENT.fullmatch(line))
    found = [_Line(_name(x.name), x.text) if x and x.name in accepted else None for x in labels]
    return found if _is_format(found) else None


def _name(name: str) -> str | None:
    return speaker_name(name.strip(" *_[]<>\t"))


def _collect(lines: list[str], found: Sequence[_Line | None]) -> tuple[list[Utterance], list[str]]:
    said: list[Utterance] = []
    skipped: list[str] = []
    for line, read in zip(lines, found, strict=True):
        text = one_line(line)
        if read:
            said.append(Utterance(read.name, read.text))
        elif not text or _ONLY_TIME.fullmatch(text) or _EVENT.fullmatch(text):
            continue
        elif said:
            before = said.pop()
            said.append(Utterance(before.speaker, join_texts(filter(None, (before.text, text)))))
        else:
            skipped.append(text)
    shown = "; ".join(skipped)[:80]
    return said, [f"Left out before the first speaker: {shown}"] if skipped else []
