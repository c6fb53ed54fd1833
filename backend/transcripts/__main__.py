"""Read a transcript for another process: `python -m backend.transcripts FILE`, JSON on stdout."""

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
    """Print a Transcript's fields, or {error}."""
    os.nice(_NICENESS)  # who waits for the file has others to serve
    found: dict[str, Any]
    try:
        found = asdict(load_transcript(Path(sys.argv[1])))
    except TranscriptError as exc:
        found = {"error": str(exc)}
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
