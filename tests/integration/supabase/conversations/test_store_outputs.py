"""Storing the outputs of a run."""

import json
from uuid import uuid4

import psycopg
import pytest

from tests.support.conversations import Database, rows, store

pytestmark = pytest.mark.process


def test_outputs_of_a_run_are_inserted_together(db: Database) -> None:
    outputs = [
        {"output_type": "analysis", "content": "# A", "metadata": {"model": "m"}},
        {"output_type": "training_data", "content": "[]", "training_data": [{"input": "a"}]},
    ]
    with db.as_user(db.ann) as ann:
        video = store(ann)["video_uuid"]
        for _ in range(2):
            ann.execute("select public.store_outputs_v1(%s, %s)", (video, json.dumps(outputs)))

        assert rows(
            ann, "select output_type, count(*) from generated_outputs group by 1 order by 1"
        ) == [
            ("analysis", 2),
            ("training_data", 2),
        ]
        assert rows(ann, "select distinct training_data from generated_outputs order by 1") == [
            ([{"input": "a"}],),
            (None,),
        ]


def test_outputs_require_an_existing_video(db: Database) -> None:
    outputs = json.dumps([{"output_type": "analysis", "content": "x"}])
    with db.as_service() as service, pytest.raises(psycopg.errors.ForeignKeyViolation):
        service.execute("select public.store_outputs_v1(%s, %s)", (str(uuid4()), outputs))
