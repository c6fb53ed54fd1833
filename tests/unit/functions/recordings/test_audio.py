"""Sound is read from what people upload, in parts that end between words."""

import io
from pathlib import Path

import av
import numpy as np
import pytest

from functions.recordings.audio import RATE, encode, probe, read_part, render_wav
from shared.errors import BadInputError
from tests.support.recordings import CONTAINERS, LYRICS, make_recording


@pytest.mark.parametrize("ending", CONTAINERS)
def test_every_container_is_read(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"call.{ending}"
    path.write_bytes(make_recording(ending, 3))
    media = probe(io.BytesIO(path.read_bytes()))
    assert media.kind == "audio"
    assert media.duration == pytest.approx(3, abs=0.2)
    if ending != "wav":
        assert media.tags["lyrics"] == LYRICS
    part = read_part(io.BytesIO(path.read_bytes()), 0, 60)
    assert part.is_last
    assert part.end == pytest.approx(3, abs=0.2)


def test_parts_follow_each_other_and_end_in_silence(tmp_path: Path) -> None:
    path = tmp_path / "call.mp3"
    path.write_bytes(make_recording("mp3", 60))
    starts, loudest, start = [0.0], 0.0, 0.0
    while True:
        part = read_part(io.BytesIO(path.read_bytes()), start, 25)
        assert part.start == start
        if part.is_last:
            break
        cut = part.samples[-RATE // 50 :].astype(float)
        loudest = max(loudest, float(np.abs(cut).max()))
        assert start < part.end <= start + 25
        start = part.end
        starts.append(start)
    assert len(starts) >= 3
    assert part.end == pytest.approx(60, abs=0.3)
    assert loudest < 1500
    assert len(read_part(io.BytesIO(path.read_bytes()), 10, 5, to_quiet=False).samples) == 5 * RATE


def test_a_part_is_a_small_ogg_with_its_tags(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    path.write_bytes(make_recording("wav", 12))
    part = read_part(io.BytesIO(path.read_bytes()), 0, 10)
    coded = encode(part.samples, {"lyrics": "Ann: Hi", "start": "0.000"})
    assert len(coded) < len(part.samples)
    (tmp_path / "part.ogg").write_bytes(coded)
    assert probe(io.BytesIO((tmp_path / "part.ogg").read_bytes())).tags == {"lyrics": "Ann: Hi"}
    with av.open(str(tmp_path / "part.ogg")) as container:
        assert container.streams.audio[0].metadata["start"] == "0.000"
    assert render_wav(part.samples)[:4] == b"RIFF"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no sound at all",
        b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n/etc/passwd\n#EXT-X-ENDLIST\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
        b"\x89PNG\r\n\x1a\n" + bytes(200),
    ],
)
def test_what_is_no_recording_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "call.mp3"
    path.write_bytes(content)
    with pytest.raises(BadInputError) as refused:
        probe(io.BytesIO(path.read_bytes()))
    assert refused.value.code == "NOT_A_RECORDING"


def test_a_playlist_of_sound_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other.mp3").write_bytes(make_recording("mp3", 2))
    path = tmp_path / "call.mp3"
    path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:2,\n{tmp_path}/other.mp3\n")
    with pytest.raises(BadInputError):
        probe(io.BytesIO(path.read_bytes()))


def test_after_the_end_nothing_is_left(tmp_path: Path) -> None:
    path = tmp_path / "call.mp3"
    path.write_bytes(make_recording("mp3", 2))
    with pytest.raises(BadInputError) as refused:
        read_part(io.BytesIO(path.read_bytes()), 60, 10)
    assert refused.value.code == "NOTHING_LEFT"
