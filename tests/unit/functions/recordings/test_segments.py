"""Answers of transcription servers, with speakers or without."""

from functions.recordings.env import read_transcription_env
from functions.recordings.files import name_of, path_of
from functions.recordings.segments import Segment, Speaker, find_speakers, read_answer


def test_speakers_and_times_are_those_of_the_recording() -> None:
    answer = {
        "segments": [
            {"speaker": "A", "text": " Good  morning. ", "start": 1.0, "end": 2.5},
            {"speaker": "Bob", "text": "Hi.", "start": 3, "end": 900},
            {"speaker": "B", "text": " ", "start": 4, "end": 5},
        ]
    }
    assert read_answer(answer, 600, 660) == [
        Segment("Speaker A", "Good morning.", 601.0, 602.5),
        Segment("Bob", "Hi.", 603.0, 660),
    ]


def test_text_alone_is_one_segment() -> None:
    assert read_answer({"text": "Good\nmorning."}, 0, 9) == [Segment(None, "Good morning.", 0, 9)]
    assert read_answer({"text": "x", "segments": None}, 0, 9) == [Segment(None, "x", 0, 9)]
    assert read_answer({}, 0, 9) == []
    assert read_answer({"segments": [7, {"text": None}]}, 0, 9) == []


def test_each_speaker_keeps_the_first_part_where_the_voice_is_known() -> None:
    known = [Speaker("Ann", 1, 5)]
    segments = [
        Segment("Ann", "…", 610, 640),
        Segment("Bob", "…", 600, 601),
        Segment("Bob", "…", 602, 605),
        Segment("Bob", "…", 650, 680),
        Segment(None, "…", 690, 699),
    ]
    assert find_speakers(segments, known) == [Speaker("Ann", 1, 5), Speaker("Bob", 650, 660)]


def test_a_server_of_ones_own_is_asked_for_whisper() -> None:
    env = read_transcription_env({"OPENAI_API_KEY": "sk"})
    assert (env.model, env.provider.api_key) == ("gpt-4o-transcribe-diarize", "sk")
    env = read_transcription_env(
        {"OPENAI_API_KEY": "sk", "TRANSCRIPTION_BASE_URL": "http://localhost:8001/v1"}
    )
    assert (env.model, env.provider.api_key) == ("whisper-1", "none")
    local = {"OPENAI_API_KEY": "local", "OPENAI_BASE_URL": "http://127.0.0.1:1/providers/openai/v1"}
    env = read_transcription_env({**local, "TRANSCRIPTION_API_KEY": "sk"})
    assert (env.provider.api_key, env.provider.base_url) == ("sk", None)
    env = read_transcription_env({"TRANSCRIPTION_MODEL": "faster-whisper/small"})
    assert env.local_model == "small"


def test_names_of_urls_are_names_of_files() -> None:
    assert name_of("https://a.example/x/Call%20No.%201.mp3?token=1") == "Call No. 1.mp3"
    assert name_of("https://a.example/") == "recording"
    assert name_of("https://a.example/a%2Fb%5Cc.wav") == "c.wav"
    assert name_of("https://a.example/..") == "recording"
    name = name_of("https://a.example/Gespr%C3%A4ch.mp3")
    assert name == "Gespräch.mp3"
    assert path_of("shared", "0123456789abcdef01", name) == "shared/0123456789abcdef/Gespr_ch.mp3"
