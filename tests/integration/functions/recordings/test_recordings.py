"""Recordings over the wire: stored, probed, fetched, transcribed in parts by the real SDK."""

from typing import Any

import httpx
import openai
import pytest

from tests.conftest import RunningStack
from tests.support.recordings import make_long_lyrics, make_recording, make_stereo_call
from tests.support.waiting import PATIENCE

pytestmark = pytest.mark.timeout(600)


def store(stack: RunningStack, path: str, content: bytes) -> None:
    with stack.client(stack.service_role_key) as client:
        answer = client.post(
            f"/storage/v1/object/recordings/{path}",
            content=content,
            headers={"content-type": "audio/mpeg", "x-upsert": "true"},
        )
        assert answer.status_code == 200, answer.text


def call(stack: RunningStack, token: str, **body: Any) -> httpx.Response:
    with stack.client(token) as client:
        return client.post("/functions/v1/recordings", json=body, timeout=PATIENCE)


def test_a_long_recording_is_transcribed_in_parts(stack: RunningStack) -> None:
    path = "shared/long/call.flac"
    store(stack, path, make_recording("flac", 620, {"lyrics": make_long_lyrics(62, 10)}))
    found: list[dict[str, Any]] = []
    start, speakers, parts = 0.0, [], 0
    while start is not None:
        body = {"action": "transcribe", "path": path, "start": start, "speakers": speakers}
        answer = call(stack, stack.service_role_key, **body)
        assert answer.status_code == 200, answer.text
        result = answer.json()["data"]["result"]
        assert result["model"] == "local-tags"
        found += result["segments"]
        start, speakers = result["next"], result["speakers"]
        parts += 1
    assert parts == 2
    assert {speaker["name"] for speaker in speakers} == {"Ann", "Bob"}
    assert [each["text"] for each in found] == [
        f"This is turn number {number} of the call." for number in range(62)
    ]
    assert found[-1]["speaker"] == "Ann"
    assert found[-1]["start"] == pytest.approx(610, abs=0.5)


def test_two_channels_of_a_call_are_two_speakers(stack: RunningStack) -> None:
    path = "shared/stereo/call.flac"
    store(stack, path, make_stereo_call(12, 5))
    answer = call(stack, stack.service_role_key, action="transcribe", path=path)
    assert answer.status_code == 200, answer.text
    result = answer.json()["data"]["result"]
    assert (result["channels"], result["next"]) == ("apart", None)
    found = result["segments"]
    assert [each["text"] for each in found] == [
        f"This is turn number {number} of the call." for number in range(12)
    ]
    assert [each["speaker"] for each in found] == ["Speaker 2", "Speaker 1"] * 6
    times = [each["start"] for each in found]
    assert times == sorted(times)


def test_while_one_channel_is_silent_voices_are_told_by_the_model(stack: RunningStack) -> None:
    path = "shared/stereo/late.flac"
    store(stack, path, make_stereo_call(4, 5, first=3))
    body: dict[str, Any] = {"action": "transcribe", "path": path}
    result = call(stack, stack.service_role_key, **body).json()["data"]["result"]
    assert result["channels"] is None
    assert {each["speaker"] for each in result["segments"]} == {"Ann", "Bob"}
    decided = call(stack, stack.service_role_key, **body, channels="apart")
    segments = decided.json()["data"]["result"]["segments"]
    assert [(each["speaker"], each["text"][-14:]) for each in segments] == [
        ("Speaker 1", "3 of the call.")
    ]


def test_a_recording_without_a_transcript_says_what_to_do(stack: RunningStack) -> None:
    store(stack, "shared/mute/call.mp3", make_recording("mp3", 2, {}))
    answer = call(stack, stack.service_role_key, action="transcribe", path="shared/mute/call.mp3")
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["code"] == "TRANSCRIPTION_REFUSED"
    assert "does not recognize speech" in error["message"]
    assert "OPENAI_API_KEY" in error["message"]


def test_only_ones_own_recordings(stack: RunningStack) -> None:
    user, token = stack.create_user()
    _, other = stack.create_user()
    path = f"{user}/one/call.mp3"
    store(stack, path, make_recording("mp3", 2))
    for given, status in ((token, 200), (other, 403), (stack.service_role_key, 200)):
        assert call(stack, given, action="probe", path=path).status_code == status
    for wrong in ("../x", "a//b", "", "x" * 1500):
        assert call(stack, token, action="probe", path=wrong).status_code in {400, 403}
    missing = call(stack, token, action="probe", path=f"{user}/none.mp3")
    assert missing.json()["error"]["code"] == "RECORDING_NOT_FOUND"
    with stack.client(other) as client:
        hidden = client.get(f"/storage/v1/object/authenticated/recordings/{path}")
        assert hidden.status_code in {400, 404}


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://169.254.169.254/latest/meta-data", "URL_NOT_ALLOWED"),
        ("http://127.0.0.1:1/call.mp3", "URL_NOT_ALLOWED"),
        ("file:///etc/passwd", "URL_NOT_ALLOWED"),
        ("http://[::1]/call.mp3", "URL_NOT_ALLOWED"),
        ("not a url", "URL_NOT_ALLOWED"),
    ],
)
def test_urls_of_other_machines_only(stack: RunningStack, url: str, code: str) -> None:
    answer = call(stack, stack.service_role_key, action="fetch", url=url, folder="shared")
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == code


def test_a_failing_provider_is_named(stack: RunningStack) -> None:
    store(stack, "shared/fault/call.mp3", make_recording("mp3", 2))
    body = {"action": "transcribe", "path": "shared/fault/call.mp3"}
    stack.fault(provider="openai", kind="status", status=429, endpoint="transcriptions")
    answer = call(stack, stack.service_role_key, **body)
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "PROVIDER_RATE_LIMITED"
    stack.fault(provider="openai", kind="malformed_json", endpoint="transcriptions")
    assert call(stack, stack.service_role_key, **body).status_code == 502
    stack.fault(provider="openai", kind="empty", endpoint="transcriptions")
    assert call(stack, stack.service_role_key, **body).json()["data"]["result"]["segments"] == []


def test_the_api_by_its_own_sdk(stack: RunningStack) -> None:
    client = openai.OpenAI(
        api_key="local", base_url=f"{stack.url}/providers/openai/v1", max_retries=0
    )
    sound = ("call.mp3", make_recording("mp3"), "audio/mpeg")
    create = client.audio.transcriptions.create
    plain = create(file=sound, model="gpt-4o-transcribe")
    assert plain.text.startswith("Good morning")
    verbose = create(file=sound, model="whisper-1", response_format="verbose_json")
    assert [round(each.start) for each in verbose.segments or []] == [1, 5, 9]
    model = "gpt-4o-transcribe-diarize"
    diarized = create(file=sound, model=model, response_format="diarized_json")
    assert [each.speaker for each in diarized.segments] == ["Ann", "Bob", "Ann"]
    captions = create(file=sound, model="whisper-1", response_format="vtt")
    assert captions.startswith("WEBVTT\n\n00:00:01.000 --> 00:00:04.000")
    for wrong in (
        {"model": "gpt-5"},
        {"model": "whisper-1", "response_format": "diarized_json"},
        {"model": "whisper-1", "file": ("call.mp3", b"no sound")},
        {"model": "whisper-1", "file": ("call.mp3", make_recording("mp3", 2, {}))},
        {"model": model, "file": ("call.mp3", make_recording("mp3", 40))},
    ):
        with pytest.raises((openai.BadRequestError, openai.NotFoundError)):
            create(**{"file": sound, **wrong})
    with pytest.raises(openai.APIStatusError) as refused:
        create(file=("call.mp3", bytes(28 << 20)), model="whisper-1")
    assert refused.value.status_code == 413
    client.close()
