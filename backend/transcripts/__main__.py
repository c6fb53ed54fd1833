"""Read a transcript for another process: `python -m backend.transcripts FILE MOST_CHARACTERS`."""

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from backend.transcripts.reader import load_transcript
from backend.transcripts.turns import TranscriptError

_NICENESS: Final = 5


def main() -> None:
    """Print a Transcript's fields as JSON, {length} of one that is too long, or {error}."""
    os.nice(_NICENESS)  # who waits for the file has others to serve
    found: dict[str, Any]
    try:
        transcript = load_transcript(Path(sys.argv[1]))
        length = len(transcript.text)
        found = {"length": length} if length > int(sys.argv[2]) else asdict(transcript)
    except TranscriptError as exc:
        found = {"error": str(exc)}
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
