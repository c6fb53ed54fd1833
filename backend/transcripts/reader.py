"""Read a transcript from a file of a meeting, telephone or transcription service.

The formats are told apart by content; the name's ending only chooses between text, captions, JSON
and Word documents. README's table lists them.
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from backend.transcripts.captions.cue import find_timing
from backend.transcripts.captions.sbv import TIMING as SBV_TIMING
from backend.transcripts.captions.sbv import parse_sbv
from backend.transcripts.captions.srt import parse_srt
from backend.transcripts.captions.vtt import parse_vtt
from backend.transcripts.checks import check, check_text
from backend.transcripts.documents import Call
from backend.transcripts.docx_file import read_docx
from backend.transcripts.encoding import decode
from backend.transcripts.json_file import parse_json
from backend.transcripts.labels import accept_labels
from backend.transcripts.text_file import parse_text, tidy
from backend.transcripts.turns import (
    Transcript,
    TranscriptError,
    Utterance,
    in_seconds,
    list_times,
    render_turns,
)

ENDINGS: Final = (".txt", ".json", ".vtt", ".srt", ".sbv", ".docx", ".jsonl", ".md")
_MOST_BYTES: Final = 50_000_000
_SHOWN_CALLS: Final = 8
_SPEAKER_KEY: Final = re.compile(
    r"\"(?:speaker\w*|participant\w*|spk_\w+|channel_?(?:tag|label)|media_?channel)\"\s*:(?!\s*null)",
    re.I,
)


def read_transcript(path: Path, call: str | None = None) -> str:
    """Return the conversation as text, one turn a line where speakers are known.

    Raises TranscriptError with file name and line.
    """
    return load_transcript(path, call).text


def load_transcript(path: Path, call: str | None = None) -> Transcript:
    """Return the conversation with its format and warnings; `call` names one of several.

    Raises TranscriptError with file name and line.
    """
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise TranscriptError(f"{path.name}: the name must end in {', '.join(ENDINGS)}")
    try:
        transcript = _load(_read_bytes(path), ending, call)
    except TranscriptError as exc:
        raise TranscriptError(f"{path.name}: {exc}") from exc
    if not transcript.text:
        raise TranscriptError(f"{path.name}: contains no words")
    return transcript


def _read_bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise TranscriptError(f"has more than {_MOST_BYTES // 10**6} MB")
        return path.read_bytes()
    except OSError as exc:
        raise TranscriptError(f"cannot be read: {exc.strerror}") from exc


def _load(content: bytes, ending: str, call: str | None) -> Transcript:
    is_word = ending == ".docx"
    text, notices = (read_docx(content), list[str]()) if is_word else decode(content)
    kind = ".txt" if is_word else _detect(text, ending)
    if kind in _CAPTIONS:
        title, parse = _CAPTIONS[kind]
        said, more = parse(text)
        return _finish(title, said, [*notices, *more])
    if kind == ".json":
        chosen = _choose(parse_json(text), call)
        has_speakers = bool(_SPEAKER_KEY.search(text))
        notices += filter(None, [chosen.note])
        return _finish(chosen.format, chosen.utterances, notices, has_speakers)
    said, more = parse_text(text)
    if said is not None:
        return _finish("text with times", said, [*notices, *more])
    plain = tidy(text)
    return Transcript(plain, "text", (*notices, *_check_plain(plain)))


_CAPTIONS: Final[dict[str, tuple[str, Callable[[str], tuple[list[Utterance], list[str]]]]]] = {
    ".vtt": ("WebVTT", parse_vtt),
    ".srt": ("SubRip", parse_srt),
    ".sbv": ("SubViewer", parse_sbv),
}


def _detect(text: str, ending: str) -> str:
    """Return the ending that fits the content, where captions or JSON have another's name."""
    if text.startswith("{\\rtf"):
        raise TranscriptError("is an RTF document: save it as plain text or .docx")
    if ending in {".json", ".jsonl"}:
        return ".json"
    if re.match(r"WEBVTT(?=\s|$)", text):
        return ".vtt"
    lines = [line for line in text.split("\n") if line.strip()]
    head = lines[:3]
    if ending not in _CAPTIONS and re.match(r"\s*(?:\{|\[\s*[{\"\]])", text):
        return ".json"
    if ending != ".vtt" and any(SBV_TIMING.fullmatch(line) for line in head):
        return ".sbv"
    if ending not in _CAPTIONS and any(find_timing(line) for line in head):
        return ".srt"
    return ending if ending in _CAPTIONS else ".txt"


def _choose(calls: Sequence[Call], wanted: str | None) -> Call:
    if wanted is not None:
        named = [call for call in calls if call.name == wanted]
        numbered = [calls[int(wanted) - 1]] if _is_number(wanted, len(calls)) else []
        if found := named or numbered:
            return found[0]
        raise TranscriptError(f"has no call {wanted!r}: {_list(calls)}")
    if len(calls) > 1:
        raise TranscriptError(f"holds {len(calls)} calls; choose one with --call: {_list(calls)}")
    return calls[0]


def _is_number(text: str, most: int) -> bool:
    return text.isdecimal() and 1 <= int(text) <= most


def _list(calls: Sequence[Call]) -> str:
    names = [call.name or str(number) for number, call in enumerate(calls, start=1)]
    more = f" … and {len(names) - _SHOWN_CALLS} more" if len(names) > _SHOWN_CALLS else ""
    return ", ".join(names[:_SHOWN_CALLS]) + more


def _finish(
    title: str, said: list[Utterance], notices: Sequence[str], has_speakers: bool = False
) -> Transcript:
    spoken = in_seconds([utterance for utterance in said if utterance.text])
    warnings = check(spoken, has_speakers) if spoken else []
    text = render_turns(spoken).strip()
    return Transcript(text, title, (*notices, *warnings), list_times(spoken))


def _check_plain(text: str) -> list[str]:
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    warnings = check_text(text)
    if lines and not accept_labels(lines):
        warnings.append("No speakers are named, so who said what is not known.")
    return warnings
