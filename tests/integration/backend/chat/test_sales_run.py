"""From an uploaded transcript to the four results, over the wire."""

import json
from pathlib import Path

import httpx
import pytest

from tests.conftest import RunningStack
from tests.support.chat_server import ChatServer, connect, message
from tests.support.paths import ROOT

SAMPLE = ROOT / "samples/objection_call.vtt"


def upload(
    chat: ChatServer, path: Path, collection: str = "default", token: str = ""
) -> httpx.Response:
    with chat.http(token) as http:
        files = {"file": (path.name, path.read_bytes())}
        return http.post(f"/videodb/collection/{collection}/upload", files=files)


async def test_a_call_is_analysed_in_four_stages(chat: ChatServer) -> None:
    async with connect(chat.url) as client:
        video = upload(chat, SAMPLE).json()
        assert video["collection_id"] == "default"
        given = message(
            "@sales_prompt_extractor", video_id=video["id"], collection_id=video["collection_id"]
        )
        ended = await client.ask(given)
        assert ended["status"] == "success", ended
        lengths = [len(output["content"][0]["text"]) for output in client.outputs]
        assert lengths == sorted(lengths)
        assert len(set(lengths)) > 3  # the document grew in place
    assert ended["actions"][0] != ended["actions"][-1]
    text = ended["content"][0]["text"]
    headings = ["## Analysis", "## Structured Data", "## Voice Prompt", "## Training Data"]
    assert [line for line in text.splitlines() if line in headings] == headings
    assert ended["structured_data"]["sales_techniques"]
    assert ended["voice_prompt"].startswith("Hello!")
    for key in ("analysis", "structured_data", "voice_prompt", "training_data"):
        assert ended["content"][0][key] == ended[key]
    assert ended["few_shot_examples"].startswith("examples:\n  - user: ")
    stages = ["transcript_processing", "structured_data", "voice_prompt", "training_data"]
    assert ended["metadata"]["stages_completed"] == stages
    assert 5 <= len(ended["training_data"]["examples"]) <= 10
    assert {
        "event_type": "update_data",
        "update": "videos",
        "collection_id": "default",
    } in client.events


async def test_output_format_and_analysis_type_are_honoured(chat: ChatServer) -> None:
    video = upload(chat, SAMPLE).json()
    text = "@sales_prompt_extractor analysis_type=communication output_format=structured"
    async with connect(chat.url) as client:
        ended = await client.ask(message(text, video_id=video["id"], collection_id="default"))
        assert "voice_prompt" not in ended
        assert "## Analysis" not in ended["content"][0]["text"]
        assert "sales_techniques" not in ended["structured_data"]
        assert "communication_strategies" in ended["structured_data"]
        wrong = message("@sales_prompt_extractor output_format=xml", video_id=video["id"])
        ended = await client.ask(wrong)
        assert ended["status"] == "error"
        assert "output_format must be one of" in ended["content"][0]["text"]


async def test_a_question_is_answered_with_quotes_and_times(chat: ChatServer) -> None:
    video = upload(chat, SAMPLE, "questions").json()
    assert video["collection_id"] == "questions"
    async with connect(chat.url) as client:
        question = "What did the customer say about the price?"
        ended = await client.ask(message(question, collection_id="questions"))
    assert ended["status"] == "success", ended
    assert "> " in ended["content"][0]["text"]
    item = next(item for item in ended["content"] if item["type"] == "search_results")
    shots = [shot for result in item["search_results"] for shot in result["shots"]]
    assert any(isinstance(shot["start"], float) for shot in shots)
    assert ended["metadata"]["model"] == "local-extractive"
    assert ended["content"][0]["text"].startswith("In the words of the calls:")
    transcript = " ".join(SAMPLE.read_text().split())
    quotes = [
        line.removeprefix("> ")
        for line in ended["content"][0]["text"].splitlines()
        if line.startswith("> ") and "— " not in line
    ]
    assert quotes
    assert all(quote in transcript for quote in quotes)


async def test_passages_are_searched_for_without_an_answer(chat: ChatServer) -> None:
    video = upload(chat, SAMPLE, "searched").json()
    async with connect(chat.url) as client:
        ended = await client.ask(message(f"@search video_id={video['id']} the price"))
        assert ended["status"] == "success", ended
        assert ended["agents"] == ["search"]
        (found,) = ended["content"][1]["search_results"]
        assert found["video_id"] == video["id"]
        assert all(shot["start"] < shot["end"] for shot in found["shots"])
        nothing = await client.ask(message("@search collection_id=none the price"))
        assert nothing["status"] == "not_generated"
        empty = await client.ask(message("@search"))
        assert empty["metadata"]["error_type"] == "missing_parameters"
        named = await client.ask(message("@help"))
    with chat.http() as http:
        listed = http.get("/agent").json()
    assert all(f"`@{agent['name']}` {agent['description']}" in str(named) for agent in listed)


async def test_without_the_model_passages_are_quoted(chat: ChatServer, stack: RunningStack) -> None:
    upload(chat, SAMPLE, "questions")
    stack.fault(provider="openai", kind="status", status=500, endpoint="responses")
    async with connect(chat.url) as client:
        question = "What did the customer say about the price?"
        ended = await client.ask(message(question, collection_id="questions"))
    assert ended["status"] == "success", ended
    assert ended["content"][0]["text"].startswith("This is what your calls say:")
    assert "model" not in ended["metadata"]


async def test_calls_are_summed_up_and_compared(chat: ChatServer, tmp_path: Path) -> None:
    upload(chat, SAMPLE, "pairs")
    other = tmp_path / "second.txt"
    other.write_text("Ann: What does the delay cost you?\nBob: That is too expensive for us.\n")
    video = upload(chat, other, "pairs").json()
    async with connect(chat.url) as client:
        given = message("@compare", video_id=video["id"], collection_id="pairs")
        ended = await client.ask(given)
        assert ended["status"] == "success", ended
        table = ended["content"][0]["text"].splitlines()
        assert table[2] == "|  | second | objection_call |"
        assert {"Engagement level", "Techniques", "Objections"} <= {
            line.split("|")[1].strip() for line in table[3:]
        }
        ended = await client.ask(message("@summarize", given["session_id"], video_id=video["id"]))
        assert "too expensive" in ended["content"][0]["text"]
        alone = await client.ask(message("@compare with=nothing", video_id=video["id"]))
        assert alone["metadata"]["error_type"] == "video_not_found"


def test_the_route_answers_as_the_agent_does(chat: ChatServer) -> None:
    video = upload(chat, SAMPLE).json()
    with chat.http() as http:
        answer = http.post("/agent/sales-prompt", json={"video_id": video["id"]}).json()
        wrong = http.post("/agent/sales-prompt", json={"video_id": "x", "analysis_type": "all"})
    assert answer["status"] == "success"
    assert set(answer["data"]) == {"analysis", "structured_data", "voice_prompt", "training_data"}
    assert wrong.status_code == 400
    assert "analysis_type" in wrong.json()["message"]


@pytest.mark.parametrize(
    ("name", "content", "status"),
    [
        ("call.mp3", b"ID3", 400),
        ("call.exe", b"MZ", 415),
        ("call.json", b"{", 400),
        ("call.txt", b"   ", 400),
        ("call", b"Ann: Hi", 415),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(
    chat: ChatServer, tmp_path: Path, name: str, content: bytes, status: int
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    answer = upload(chat, path)
    assert answer.status_code == status, answer.text
    assert name.split(".")[0] in answer.json()["message"]


def test_users_see_only_their_own(chat: ChatServer, stack: RunningStack) -> None:
    _, first = stack.create_user()
    _, second = stack.create_user()
    with chat.http(first) as http:
        made = http.post("/videodb/collection", json={"name": "Mine", "description": "Calls"})
        assert made.status_code == 201
        collection = made.json()["data"]["collection"]["id"]
    video = upload(chat, SAMPLE, collection, first).json()
    for token in (second, ""):
        with chat.http(token) as http:
            assert http.get(f"/videodb/collection/{collection}").status_code == 404
            assert http.get(f"/videodb/collection/{collection}/video").json() == []
            path = f"/videodb/collection/{collection}/video/{video['id']}"
            assert http.delete(path).status_code == 404
            assert http.delete(f"/videodb/collection/{collection}").status_code in {400, 404}
    with chat.http(first) as http:
        refused = http.delete(f"/videodb/collection/{collection}")
        assert "Invalid request: Your collection has non-zero" in refused.json()["message"]
        assert http.delete(f"/videodb/collection/{collection}/video/{video['id']}").json()[
            "success"
        ]
        assert http.delete(f"/videodb/collection/{collection}").json()["success"]


def check_collection(stack: RunningStack, chat: ChatServer, collection: str, token: str) -> None:
    """A collection's calls without examples are drawn from, and no call twice."""
    two = [("second.txt", b"Ann: What does the delay cost you?\nBob: Far too much for us.\n")]
    two.append(
        ("third.txt", b"Ann: Shall we meet on Monday?\nBob: Monday is fine for all of us.\n")
    )
    with chat.http(token) as http:
        for file in two:
            http.post(f"/videodb/collection/{collection}/upload", files={"file": file})
    with stack.client(token) as client:
        body = {"collection_id": collection, "format": "anthropic"}
        drawn = client.post("/functions/v1/training-data", json=body).json()["data"]["result"]
        assert len(drawn["calls"]) == 2
        assert (drawn["failed"], drawn["remaining"]) == ([], 0)
        videos = {each["video_id"] for each in drawn["calls"]}
        assert drawn["examples"]
        assert {each["video_id"] for each in drawn["examples"]} <= videos
        lines = [json.loads(line) for line in drawn["export"].splitlines()]
        assert len(lines) == len(drawn["examples"])
        assert set(lines[0]) == {"system", "messages"}
        again = client.post("/functions/v1/training-data", json=body).json()["data"]["result"]
        assert (again["calls"], again["export"]) == ([], "")
        for wrong in ({}, {"video_id": next(iter(videos)), "collection_id": collection}):
            refused = client.post("/functions/v1/training-data", json=wrong)
            assert refused.status_code == 400
            assert "video_id or collection_id" in refused.text


def test_examples_are_exported_for_fine_tuning(chat: ChatServer, stack: RunningStack) -> None:
    user, token = stack.create_user()
    with chat.http(token) as http:
        made = http.post("/videodb/collection", json={"name": user, "description": "Calls"}).json()
    collection = made["data"]["collection"]["id"]
    video = upload(chat, SAMPLE, collection, token).json()
    with stack.client(token) as client:
        rows = client.get(
            f"/rest/v1/videos?video_id=eq.{video['id']}&collection_id=eq.{collection}"
        )
        uuid = rows.json()[0]["id"]
        drawn = client.post("/functions/v1/training-data", json={"video_id": uuid}).json()
        examples = drawn["data"]["result"]["examples"]
        path = f"/functions/v1/training-data/export?collection_id={collection}"
        openai = client.get(f"{path}&format=openai").text.splitlines()
        anthropic = client.get(f"{path}&format=anthropic").text.splitlines()
    assert len(openai) == len(anthropic) == len(examples) > 0
    roles = [each["role"] for each in json.loads(openai[0])["messages"]]
    assert roles == ["system", "user", "assistant"]
    assert [each["role"] for each in json.loads(anthropic[0])["messages"]] == ["user", "assistant"]
    query = f"query=that+is+too+expensive&collection_id={collection}"
    search = f"/functions/v1/training-data?{query}"
    with stack.client(token) as client:
        found = client.get(f"{search}&limit=3").json()["examples"]
        scores = [each["score"] for each in found]
        assert scores == sorted(scores, reverse=True)
        assert 0 < len(scores) <= 3
        assert {each["input"] for each in found} <= {each["input"] for each in examples}
        again = client.post("/functions/v1/training-data", json={"video_id": uuid}).json()
        assert again["data"]["result"]["searchable"]
        everything = client.get(f"{search}&limit=100").json()["examples"]
        assert len(everything) == len(again["data"]["result"]["examples"])  # the newest only
        typed = client.get(f"{search}&type={found[0]['type']}").json()["examples"]
        assert {each["type"] for each in typed} == {found[0]["type"]}
        assert client.get(f"{search}&limit=0").status_code == 400
    check_collection(stack, chat, collection, token)
    _, other = stack.create_user()
    with stack.client(other) as client:
        body = {"collection_id": collection}
        drawn = client.post("/functions/v1/training-data", json=body).json()["data"]["result"]
        assert drawn == {"examples": [], "calls": [], "failed": [], "remaining": 0}
        assert client.get(path).text == ""
        assert client.get(search).json()["examples"] == []
        assert client.get("/rest/v1/training_examples").json() == []
        refused = client.post("/functions/v1/training-data", json={"video_id": uuid})
        assert refused.status_code == 404
