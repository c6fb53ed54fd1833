"""Transcripts that are uploaded: large ones are read by a process of their own.

Reading holds the interpreter for seconds where a file is long or hostile, also in a thread.
"""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any, Final

from backend.transcripts.reader import load_transcript
from backend.transcripts.turns import Transcript, TranscriptError

_READ_HERE: Final = 32 << 10
"""Bytes that take a few milliseconds at most; of a Word document they may hold more."""
_MOST_CHARACTERS: Final = 1_000_000
"""As function process-transcript takes."""
_SECONDS: Final = 120.0
_FOLDER: Final = Path(__file__).parents[2]


class TooLongError(Exception):
    """A transcript has too many characters; the message may be shown to users."""

    def __init__(self, length: int) -> None:
        super().__init__(
            f"The transcript is too long: at most {_MOST_CHARACTERS:,} characters,"
            f" this one has {length:,}."
        )


async def read_file(path: Path, size: int) -> Transcript:
    """Return the conversation of a file of so many bytes. Raises TranscriptError, TooLongError."""
    if path.suffix != ".docx" and size <= _READ_HERE:
        return await asyncio.to_thread(load_transcript, path)
    found = await _read_apart(path)
    if "error" in found:
        raise TranscriptError(found["error"])
    if "length" in found:
        raise TooLongError(found["length"])
    times = tuple((offset, seconds) for offset, seconds in found["times"])
    return Transcript(found["text"], found["format"], tuple(found["notices"]), times)


async def _read_apart(path: Path) -> dict[str, Any]:
    command = (sys.executable, "-m", "backend.transcripts", str(path), str(_MOST_CHARACTERS))
    process = await asyncio.create_subprocess_exec(*command, cwd=_FOLDER, stdout=PIPE)
    try:
        async with asyncio.timeout(_SECONDS):
            output, _ = await process.communicate()
    except TimeoutError:
        raise TranscriptError(f"{path.name}: takes too long to read") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise TranscriptError(f"{path.name}: cannot be read")
    return json.loads(output)
