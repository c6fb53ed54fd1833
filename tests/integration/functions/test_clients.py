"""The functions as the thin caller and supabase-py see them."""

import asyncio
import json
from io import StringIO
from uuid import uuid4

import httpx
import psycopg
import pytest
from supabase import ClientOptions, create_client
from supabase_functions.errors import FunctionsHttpError

from backend.client.events import Event, StageStarted, StageSucceeded
from backend.client.extractor import Recording, SalesPromptExtractor
from backend.transcripts.reader import read_transcript
from tests.conftest import RunningStack
from tests.support.paths import SAMPLES
from tests.support.waiting import PATIENCE

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize(
    "name",
    ["discovery_call.txt", "objection_call.vtt", "renewal_call.srt", "gym_membership_call.json"],
)
def test_the_thin_caller_turns_a_recording_into_a_prompt(stack: RunningStack, name: str) -> None:
    events: list[Event] = []
    log = StringIO()
    extractor = SalesPromptExtractor(
        stack.url, stack.service_role_key, on_progress=events.append, log=log
    )
    transcript = read_transcript(SAMPLES / name)

    response = extractor.extract(Recording(transcript, str(uuid4()), "samples"))

    assert response.is_success
    assert response.analysis
    assert response.structured_data
    assert response.structured_data["sales_techniques"]
    assert response.voice_prompt
    assert response.voice_prompt.startswith("Hello!")
    assert [type(event) for event in events] == [StageStarted, StageSucceeded] * 3
    assert json.loads(log.getvalue())["video_id"] == response.video_id


def test_the_thin_caller_outlasts_a_provider_that_recovers(stack: RunningStack) -> None:
    stack.fault(provider="openai", endpoint="responses", kind="status", status=500, times=2)
    extractor = SalesPromptExtractor(stack.url, stack.service_role_key, log=StringIO())

    response = extractor.extract(Recording("Ann: What do you need?", str(uuid4()), "retries"))

    assert response.is_success


def test_a_failed_stage_keeps_what_came_before(stack: RunningStack) -> None:
    stack.fault(provider="anthropic", kind="refusal", times=4)
    extractor = SalesPromptExtractor(stack.url, stack.service_role_key, log=StringIO())

    response = extractor.extract(Recording("Ann: What do you need?", str(uuid4()), "failures"))

    assert response.error is not None
    assert (response.error.stage, response.error.code) == ("voice_prompt", "PROVIDER_REFUSED")
    assert response.stages_completed == ("transcript_processing", "structured_data")
    with psycopg.connect(stack.dsn) as connection:
        stored = connection.execute(
            "select output_type from public.generated_outputs where video_id = %s order by 1",
            (response.video_id,),
        ).fetchall()
    assert stored == [("analysis",), ("structured_data",)]


def test_supabase_py_invokes_a_function_and_reads_its_error(stack: RunningStack) -> None:
    _, token = stack.create_user()
    body = {"collection_id": "c", "video_id": str(uuid4()), "transcript": "Ann: Hi."}
    with httpx.Client(timeout=PATIENCE) as http:
        client = create_client(stack.url, stack.anon_key, ClientOptions(httpx_client=http))
        client.functions.set_auth(token)
        reply = client.functions.invoke(
            "process-transcript", {"body": body, "responseType": "json"}
        )
        with pytest.raises(FunctionsHttpError) as caught:
            client.functions.invoke("structured-data", {"body": {"video_id": str(uuid4())}})

    assert reply["status"] == "success"
    assert "There is no video" in str(caught.value)


async def test_the_same_transcript_sent_at_once_is_stored_once(stack: RunningStack) -> None:
    body = {"collection_id": "c", "video_id": str(uuid4()), "transcript": "Ann: Hi. Bob: Yes."}
    headers = {"authorization": f"Bearer {stack.service_role_key}"}
    async with httpx.AsyncClient(base_url=stack.url, headers=headers, timeout=PATIENCE) as client:
        replies = await asyncio.gather(
            *(client.post("/functions/v1/process-transcript", json=body) for _ in range(8))
        )

    assert {reply.status_code for reply in replies} == {200}
    results = [reply.json()["data"]["result"] for reply in replies]
    assert len({result["transcript_id"] for result in results}) == 1
    assert [result["reused"] for result in results].count(False) == 1
