"""Files as services export them, each with its right reading in files/expected.json."""

import json
from pathlib import Path
from typing import Any

import pytest

from backend.transcripts.reader import load_transcript
from backend.transcripts.turns import TranscriptError

FILES = Path(__file__).with_name("files")
EXPECTED: dict[str, Any] = json.loads((FILES / "expected.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", [path.name for path in FILES.iterdir() if path.stem != "expected"])
def test_a_services_file_is_read_right(name: str) -> None:
    expected = EXPECTED[name]
    if "error" in expected:
        with pytest.raises(TranscriptError) as error:
            load_transcript(FILES / name)
        assert str(error.value) == expected["error"]
        return

    transcript = load_transcript(FILES / name)

    assert transcript.text.split("\n") == expected["turns"]
    assert transcript.format == expected["format"]
    assert list(transcript.notices) == expected["notices"]


def test_one_of_several_calls_is_chosen_by_its_id_or_number() -> None:
    path = FILES / "retell_list.json"

    assert load_transcript(path, "c2").text == "Agent: Hello, shall we talk?\nUser: No."
    assert load_transcript(path, "1").text == "Agent: What would it cost?\nUser: Too much."
    with pytest.raises(TranscriptError, match="has no call 'c3': c1, c2"):
        load_transcript(path, "c3")
