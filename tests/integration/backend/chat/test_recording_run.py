"""From an uploaded recording to its transcript and analysis, with progress in the chat."""

from pathlib import Path

import httpx
import pytest

from tests.conftest import RunningStack
from tests.support.chat_server import ChatServer, connect, message
from tests.support.paths import ROOT
from tests.support.recordings import make_long_lyrics, make_recording, make_stereo_call

pytestmark = pytest.mark.timeout(600)

SAMPLE = ROOT / "samples/objection_call.vtt"


def upload(
    chat: ChatServer,
    *files: tuple[str, bytes],
    token: str = "",
    collection: str = "recorded",
    fields: int = 0,
) -> httpx.Response:
    with chat.http(token) as http:
        form = [("file", file) for file in files]
        data = {f"field{number}": "x" for number in range(fields)}
        return http.post(f"/videodb/collection/{collection}/upload", files=form, data=data)


async def test_a_recording_is_transcribed_in_the_chat(chat: ChatServer) -> None:
    lyrics = make_long_lyrics(65, 10)
    sound = make_recording("flac", 650, {"lyrics": lyrics, "title": "A long call"})
    video = upload(chat, ("long.flac", sound)).json()
    assert (video["name"], video["media"]) == ("A long call", "audio")
    assert 649 < video["length"] < 652
    assert video["needs_transcription"]
    async with connect(chat.url) as client:
        given = message("@transcription", video_id=video["id"], collection_id="recorded")
        ended = await client.ask(given)
        assert ended["status"] == "success", ended
        seen = [output["actions"][-1] for output in client.outputs]
        assert "Transcribing from 0:00 of 10:50" in seen
        steps = [action for action in ended["actions"] if action.startswith("Transcribing")]
        assert len(steps) == 2
        text = ended["content"][0]["text"]
        assert "Ann: This is turn number 1 of the call." in text
        assert "turn number 64" in text
        again = await client.ask(message("@transcription", given["session_id"]))
        assert again["content"][0]["text"] == text
        assert not [action for action in again["actions"] if "Transcribing" in action]
    with chat.http() as http:
        path = f"/videodb/collection/recorded/video/{video['id']}"
        url = http.get(f"{path}/generate_url").text
        assert http.get(url).content == sound
        assert http.delete(path).status_code == 200
        assert http.get(f"{path}/generate_url").status_code == 404
        assert http.get(url).status_code in {400, 404}


async def test_a_call_of_two_channels_is_a_conversation(chat: ChatServer) -> None:
    video = upload(chat, ("stereo.flac", make_stereo_call(6, 4)), collection="stereo").json()
    async with connect(chat.url) as client:
        given = message("@transcription", video_id=video["id"], collection_id="stereo")
        ended = await client.ask(given)
    assert ended["status"] == "success", ended
    lines = [line for line in ended["content"][0]["text"].splitlines() if "turn number" in line]
    assert lines == [
        f"Speaker {1 + (number + 1) % 2}: This is turn number {number} of the call."
        for number in range(6)
    ]


def count_transcriptions(stack: RunningStack) -> int:
    url = f"{stack.url}/providers/_faults"
    state = httpx.get(url, headers=stack.control_headers).json()
    return state["requests"].get("openai", {}).get("transcriptions", 0)


async def test_what_a_failed_run_transcribed_is_not_transcribed_again(
    chat: ChatServer, stack: RunningStack
) -> None:
    sound = make_recording("flac", 30, {"lyrics": make_long_lyrics(3, 10)})
    video = upload(chat, ("again.flac", sound), collection="again").json()
    async with connect(chat.url) as client:
        given = message("@transcription", video_id=video["id"], collection_id="again")
        for _ in range(10):
            stack.fault(provider="openai", kind="status", status=401, endpoint="embeddings")
        try:
            failed = await client.ask(given)
        finally:
            delete = f"{stack.url}/providers/_faults"
            async with httpx.AsyncClient(headers=stack.control_headers) as http:
                await http.delete(delete)
        assert failed["status"] == "error", failed
        assert "not stored" in failed["content"][0]["text"]
        await client.ask(message("@help", given["session_id"]))
        heard = count_transcriptions(stack)
        again = {"video_id": video["id"], "collection_id": "again"}
        ended = await client.ask(message("@transcription", given["session_id"], **again))
    assert ended["status"] == "success", ended
    assert count_transcriptions(stack) == heard
    assert "turn number 2" in ended["content"][0]["text"]


async def test_the_extractor_transcribes_what_is_not_transcribed_yet(chat: ChatServer) -> None:
    captions = SAMPLE.read_text()
    video = upload(chat, ("call.m4a", make_recording("m4a", 120, {"lyrics": captions}))).json()
    async with connect(chat.url) as client:
        given = message("@sales_prompt_extractor", video_id=video["id"], collection_id="recorded")
        ended = await client.ask(given)
    assert ended["status"] == "success", ended
    assert "Transcribing from 0:00 of 2:00" in ended["actions"]
    assert ended["structured_data"]["sales_techniques"]


async def test_each_of_two_calls_is_transcribed_for_a_comparison(chat: ChatServer) -> None:
    ids: list[str] = []
    for name, turns in (("one.flac", 3), ("two.flac", 5)):
        sound = make_recording("flac", 60, {"lyrics": make_long_lyrics(turns, 10)})
        ids.append(upload(chat, (name, sound)).json()["id"])
    async with connect(chat.url) as client:
        given = message(f"@compare with={ids[1]}", video_id=ids[0], collection_id="recorded")
        ended = await client.ask(given)
        assert ended["status"] == "success", ended
        for video_id, turns in zip(ids, (3, 5), strict=True):
            asked = message("@transcription", video_id=video_id, collection_id="recorded")
            text = (await client.ask(asked))["content"][0]["text"]
            assert text.count("This is turn number") == turns


def test_a_recording_stays_while_another_collection_has_it(chat: ChatServer) -> None:
    sound = make_recording("wav", 4)
    for collection in ("recorded", "recorded-too"):
        video = upload(chat, ("both.wav", sound), collection=collection).json()
    with chat.http() as http:
        assert http.delete(f"/videodb/collection/recorded/video/{video['id']}").is_success
        path = f"/videodb/collection/recorded-too/video/{video['id']}"
        url = http.get(f"{path}/generate_url").text
        assert http.get(url).content == sound
        assert http.delete(path).is_success
        assert http.get(url).status_code in {400, 404}


async def test_a_transcript_beside_the_recording_is_taken(chat: ChatServer) -> None:
    files = (("sidecar.wav", make_recording("wav", 3, {})), (SAMPLE.name, SAMPLE.read_bytes()))
    video = upload(chat, *files).json()
    assert "needs_transcription" not in video
    assert video["media"] == "audio"
    async with connect(chat.url) as client:
        given = message("@transcription", video_id=video["id"], collection_id="recorded")
        ended = await client.ask(given)
    assert not [action for action in ended["actions"] if "Transcribing" in action]
    assert len(ended["content"][0]["text"]) > 500


async def test_a_silent_stand_in_says_what_to_do(chat: ChatServer) -> None:
    video = upload(chat, ("mute.mp3", make_recording("mp3", 2, {}))).json()
    async with connect(chat.url) as client:
        given = message("@transcription", video_id=video["id"], collection_id="recorded")
        ended = await client.ask(given)
    assert ended["status"] == "error"
    assert "does not recognize speech" in ended["content"][0]["text"]
    assert "OPENAI_API_KEY" in ended["content"][0]["text"]


def test_what_cannot_be_taken_is_refused(chat: ChatServer) -> None:
    sound = make_recording("mp3", 2)
    two = upload(chat, ("a.mp3", sound), ("b.mp3", sound))
    assert two.status_code == 400
    texts = upload(chat, ("a.txt", b"Ann: Hi"), ("b.txt", b"Ann: Ho"))
    assert texts.status_code == 400
    assert upload(chat, ("a.mp3", b"no sound")).status_code == 400
    assert upload(chat, ("a.mp3", sound), fields=21).status_code == 400
    picture = upload(chat, ("a.mp4", b"\x89PNG\r\n\x1a\n" + bytes(100)))
    assert "cannot be read as sound" in picture.json()["message"]


def test_a_url_is_fetched(chat: ChatServer, stack: RunningStack, tmp_path: Path) -> None:
    with stack.client(stack.service_role_key) as client:
        for name, content in (
            ("Call 7.mp3", make_recording("mp3", 3)),
            ("x.vtt", SAMPLE.read_bytes()),
        ):
            stored = client.post(
                f"/storage/v1/object/system_assets/{name}",
                content=content,
                headers={"content-type": "application/octet-stream", "x-upsert": "true"},
            )
            assert stored.status_code == 200, stored.text
    public = f"{stack.url}/storage/v1/object/public/system_assets"
    with chat.http() as http:

        def fetch(source: object, kind: str = "url") -> httpx.Response:
            body = {"source": source, "source_type": kind}
            return http.post("/videodb/collection/recorded/upload", json=body)

        recording = fetch(f"{public}/Call%207.mp3").json()
        assert (recording["name"], recording["needs_transcription"]) == ("Call 7", True)
        transcript = fetch(f"{public}/x.vtt").json()
        assert transcript["name"] == "x"
        assert transcript["notices"] == []
        refused = fetch("http://169.254.169.254/latest/meta-data")
        assert refused.status_code == 400
        assert "address" in refused.json()["message"]
        assert fetch(f"{public}/none.mp3").status_code == 400
        assert fetch(7).status_code == 400
        assert fetch(public, "file").status_code == 400


def test_recordings_of_others_are_not_there(chat: ChatServer, stack: RunningStack) -> None:
    user, first = stack.create_user()
    _, second = stack.create_user()
    video = upload(chat, ("mine.mp3", make_recording("mp3", 2)), token=first).json()
    path = f"/videodb/collection/recorded/video/{video['id']}"
    for token in (second, ""):
        with chat.http(token) as http:
            assert http.get(f"{path}/generate_url").status_code == 404
    with stack.client(second) as client:
        row = {
            "video_id": "stolen",
            "collection_id": "recorded",
            "metadata": {"recording": f"{user}/x/mine.mp3"},
        }
        client.post("/rest/v1/videos", json=row)
    with chat.http(second) as http:
        answer = http.get("/videodb/collection/recorded/video/stolen/generate_url")
    assert answer.status_code == 404
