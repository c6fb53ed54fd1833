"""A long transcript costs no more than its bounded number of candidates."""

from uuid import uuid4

from functions.training_data import drawing


def test_a_long_transcript_is_drawn_from_evenly() -> None:
    lines = [
        f"{'Agent' if turn % 2 else f'Person {turn}'}: these are the words of turn number {turn}"
        for turn in range(6_000)
    ]
    body = drawing.TrainingInput(video_id=str(uuid4()), max_examples=50)

    found = drawing.choose("\n".join(lines), [], body)

    considered = len(found.rows) + sum(found.dropped.values())
    assert found.rows
    assert 100 <= considered <= drawing._MOST_PAIRS * 2
