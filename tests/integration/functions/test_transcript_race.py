"""A transcript that is replaced, or tampered with, between its row and its chunks being read."""

from uuid import uuid4

import psycopg
import pytest

from tests.conftest import RunningStack

pytestmark = pytest.mark.e2e

TEXT = "\n".join(f"Ann: Point {n}, our product number {n} does help." for n in range(300))


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        ("delete from public.transcript_chunks where transcript_id = %s", "TRANSCRIPT_CHANGED"),
        (
            "delete from public.transcript_chunks where transcript_id = %s and chunk_index = 1",
            "TRANSCRIPT_CHANGED",
        ),
        (
            "update public.transcript_chunks set metadata = '{}' where transcript_id = %s",
            "TRANSCRIPT_INCOMPLETE",
        ),
        ("update public.transcripts set metadata = '[]' where id = %s", "TRANSCRIPT_INCOMPLETE"),
        (
            'update public.transcripts set metadata = \'{"chunk_count": "x"}\' where id = %s',
            "TRANSCRIPT_INCOMPLETE",
        ),
    ],
)
def test_no_model_is_asked_about_a_transcript_that_is_not_whole(
    stack: RunningStack, damage: str, code: str
) -> None:
    body = {"collection_id": "races", "video_id": str(uuid4()), "transcript": TEXT}
    stored = stack.call("process-transcript", body).json()["data"]
    with psycopg.connect(stack.dsn) as connection:
        connection.execute(damage, (stored["result"]["transcript_id"],))  # type: ignore[arg-type]

    response = stack.call("structured-data", {"video_id": stored["video_id"]})

    assert response.status_code == 409
    assert response.json()["error"]["code"] == code
