"""POST /v1/audio/transcriptions, by a stand-in that reads a transcript in the file's tags.

It does not recognize speech: a file without a transcript is refused, with the cure. Follows
https://platform.openai.com/docs/api-reference/audio/createTranscription.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from edge.emulator.fair_turns import TooManyWaitingError
from edge.emulator.providers.body import BodyParser, FormFile
from edge.emulator.providers.faults import Fault, FaultKind, Provider
from edge.emulator.providers.openai.embedded_transcript import (
    Cue,
    Embedded,
    NoTranscriptError,
    read_embedded,
)
from edge.emulator.providers.openai.errors import (
    OpenAIError,
    injected_error,
    invalid_value,
    missing_parameter,
)
from edge.emulator.providers.router import Body, RequestHandler

MAX_UPLOAD: Final = 27 << 20
"""A file of 25 MB, and samples of speakers."""
MODEL: Final = "local-tags"
_MOST_BYTES: Final = 25 << 20
_LONGEST: Final = 1500.0
_UNSPLIT: Final = 30.0
_MOST_SPEAKERS: Final = 4
_FORMATS: Final[Mapping[str, Sequence[str]]] = {
    "diarize": ("json", "text", "diarized_json"),
    "whisper": ("json", "text", "srt", "verbose_json", "vtt"),
    "transcribe": ("json", "text"),
}


def transcriptions(bodies: BodyParser) -> RequestHandler:
    """Return the handler; files are read in the process of `bodies`."""

    async def handle(request: Request, form: Body, fault: Fault | None) -> Response:
        caller = request.headers.get("authorization", "")
        return await _create(bodies, caller, form, fault)

    return handle


async def _create(bodies: BodyParser, caller: str, form: Body, fault: Fault | None) -> Response:
    """Answer with the words of the file's transcript, in the format asked for."""
    given = next(iter(form.get("file", ())), None)
    if not isinstance(given, FormFile):
        raise missing_parameter("file")
    file = given.content
    model = _text(form, "model")
    if not model:
        raise missing_parameter("model")
    wanted = _check_format(model, _text(form, "response_format") or "json")
    names = _read_speakers(form)
    if len(file) > _MOST_BYTES:
        message = f"Maximum content size limit ({_MOST_BYTES}) exceeded ({len(file)} bytes read)"
        raise OpenAIError(413, message)
    embedded = await _read(bodies, caller, file)
    _check_length(embedded, model, form)
    if fault and fault.kind is FaultKind.EMPTY:
        embedded = Embedded([], embedded.duration)
    return _RENDERERS[wanted](embedded, names)


async def _read(bodies: BodyParser, caller: str, content: bytes) -> Embedded:
    try:
        return await bodies.read_apart(read_embedded, content, caller)
    except NoTranscriptError:
        raise invalid_value(
            "file",
            "The local stand-in for transcription does not recognize speech: it reads a transcript"
            " in the file's tag LYRICS, which this one does not have. Set OPENAI_API_KEY, or"
            " TRANSCRIPTION_BASE_URL for a server of your own, or add the transcript (call.vtt)"
            " beside the recording.",
            "local_transcript_missing",
        ) from None
    except TooManyWaitingError:
        busy = Fault(Provider.OPENAI, FaultKind.STATUS, status=503)
        raise injected_error(busy) from None
    except ValueError:
        message = "Audio file might be corrupted or unsupported"
        raise invalid_value("file", message) from None


def _check_format(model: str, wanted: str) -> str:
    kind = next((name for name in _FORMATS if name in model), None)
    if kind is None:
        message = f"The model '{model}' does not exist or you do not have access to it."
        raise OpenAIError(404, message, code="model_not_found").about("model")
    if wanted not in _FORMATS[kind]:
        message = f"response_format '{wanted}' is not compatible with model '{model}'."
        raise invalid_value("response_format", message, "unsupported_value")
    return wanted


def _check_length(embedded: Embedded, model: str, form: Body) -> None:
    if "whisper" in model:
        return
    if embedded.duration > _LONGEST:
        message = (
            f"audio duration {embedded.duration:.3f} seconds is longer than {_LONGEST:.0f} seconds"
            " which is the maximum for this model"
        )
        raise invalid_value("file", message)
    if "diarize" in model and embedded.duration > _UNSPLIT and not form.get("chunking_strategy"):
        message = "chunking_strategy is required for diarization models"
        raise invalid_value("chunking_strategy", message)


def _read_speakers(form: Body) -> list[str]:
    """Return the known speakers' names; each needs a sample."""
    names = _list(form, "known_speaker_names")
    samples = _list(form, "known_speaker_references")
    if len(names) != len(samples) or len(names) > _MOST_SPEAKERS:
        message = "known_speaker_names and known_speaker_references must be up to 4 pairs."
        raise invalid_value("known_speaker_names", message)
    if not all(sample.startswith("data:audio/") for sample in samples):
        message = "known_speaker_references must be data URLs of audio."
        raise invalid_value("known_speaker_references", message)
    return names


def _text(form: Body, name: str) -> str:
    value = next(iter(form.get(name, ())), "")
    return value if isinstance(value, str) else ""


def _list(form: Body, name: str) -> list[str]:
    return [str(value) for key in (name, f"{name}[]") for value in form.get(key, ())]


def _words(embedded: Embedded) -> str:
    return " ".join(cue.text for cue in embedded.cues)


def _usage(embedded: Embedded) -> dict[str, Any]:
    return {"type": "duration", "seconds": round(embedded.duration)}


def _render_json(embedded: Embedded, _names: Sequence[str]) -> Response:
    return JSONResponse({"text": _words(embedded), "usage": _usage(embedded), "model": MODEL})


def _render_diarized(embedded: Embedded, names: Sequence[str]) -> Response:
    """Name speakers as the transcript does; those without a name get letters, as the model's."""
    labels: dict[str | None, str] = {}
    for cue in embedded.cues:
        letter = chr(ord("A") + len(labels) % 26)
        known = next(
            (n for n in names if cue.speaker and n.casefold() == cue.speaker.casefold()), ""
        )
        labels.setdefault(cue.speaker, known or cue.speaker or letter)
    segments = [
        {
            "type": "transcript.text.segment",
            "id": f"seg_{number}",
            "speaker": labels[cue.speaker],
            **_segment(cue),
        }
        for number, cue in enumerate(embedded.cues)
    ]
    return JSONResponse(
        {
            "task": "transcribe",
            "duration": round(embedded.duration, 2),
            "text": _words(embedded),
            "segments": segments,
            "usage": _usage(embedded),
            "model": MODEL,
        }
    )


def _render_verbose(embedded: Embedded, _names: Sequence[str]) -> Response:
    return JSONResponse(
        {
            "task": "transcribe",
            "language": "english",
            "duration": round(embedded.duration, 2),
            "text": _words(embedded),
            "segments": [
                {
                    "id": number,
                    "seek": 0,
                    **_segment(cue),
                    "tokens": [],
                    "temperature": 0.0,
                    "avg_logprob": 0.0,
                    "compression_ratio": 1.0,
                    "no_speech_prob": 0.0,
                }
                for number, cue in enumerate(embedded.cues)
            ],
            "usage": _usage(embedded),
            "model": MODEL,
        }
    )


def _render_text(embedded: Embedded, _names: Sequence[str]) -> Response:
    return PlainTextResponse(f"{_words(embedded)}\n")


def _render_srt(embedded: Embedded, _names: Sequence[str]) -> Response:
    return PlainTextResponse(
        "".join(
            f"{number}\n{_clock(cue.start, ',')} --> {_clock(cue.end, ',')}\n{cue.text}\n\n"
            for number, cue in enumerate(embedded.cues, start=1)
        )
    )


def _render_vtt(embedded: Embedded, _names: Sequence[str]) -> Response:
    cues = "".join(
        f"{_clock(cue.start, '.')} --> {_clock(cue.end, '.')}\n{cue.text}\n\n"
        for cue in embedded.cues
    )
    return PlainTextResponse(f"WEBVTT\n\n{cues}")


def _segment(cue: Cue) -> dict[str, Any]:
    return {"start": round(cue.start, 3), "end": round(cue.end, 3), "text": cue.text}


def _clock(seconds: float, mark: str) -> str:
    whole, milli = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}{mark}{milli:03d}"


_RENDERERS: Final[Mapping[str, Callable[[Embedded, Sequence[str]], Response]]] = {
    "json": _render_json,
    "text": _render_text,
    "srt": _render_srt,
    "vtt": _render_vtt,
    "verbose_json": _render_verbose,
    "diarized_json": _render_diarized,
}
