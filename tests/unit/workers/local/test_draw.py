"""Properties of what the back-end `local` draws."""

import io

import numpy as np
import pytest
from PIL import Image

from workers.errors import BadTaskError
from workers.images import open_image
from workers.local.draw import draw
from workers.local.lexicon import read_scene
from workers.local.video import encode_video
from workers.task import ImageTask, Pipeline

SEA = "a red lighthouse by the sea at sunset"


def image_of(task: ImageTask, index: int = 0) -> Image.Image:
    return Image.open(io.BytesIO(draw(task).files[index].content))


def reference(width: int = 160, height: int = 120) -> bytes:
    rows = np.linspace(0, 255, height, dtype=np.uint8)[:, None]
    columns = np.linspace(0, 255, width, dtype=np.uint8)[None, :]
    pixels = np.stack(np.broadcast_arrays(rows, columns, rows // 2), axis=2)
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, "PNG")
    return buffer.getvalue()


def distance(one: Image.Image, other: Image.Image) -> float:
    above = [np.asarray(i.convert("RGB"), dtype=float)[:60] for i in (one, other)]
    return float(np.abs(above[0] - above[1]).mean())


@pytest.mark.parametrize("pipeline", [Pipeline.TEXT_TO_IMAGE, Pipeline.VIDEO])
def test_the_same_task_gives_the_same_bytes(pipeline: Pipeline) -> None:
    task = ImageTask(SEA, 7, 160, 96, pipeline=pipeline, frames=8)

    assert [f.content for f in draw(task).files] == [f.content for f in draw(task).files]


@pytest.mark.parametrize(
    "other",
    [
        ImageTask(SEA, 8, 160, 96),
        ImageTask("a green forest in the fog", 7, 160, 96),
        ImageTask(SEA + ".", 7, 160, 96),
    ],
)
def test_another_seed_or_prompt_gives_another_picture(other: ImageTask) -> None:
    assert distance(image_of(ImageTask(SEA, 7, 160, 96)), image_of(other)) > 3


def test_the_pictures_of_one_job_differ() -> None:
    first, second, third = draw(ImageTask(SEA, 7, 96, 96, count=3)).files

    assert len({first.content, second.content, third.content}) == 3


@pytest.mark.parametrize("size", [(1024, 576), (576, 1024), (64, 64), (97, 33), (1, 1)])
def test_the_size_is_the_one_that_was_asked_for(size: tuple[int, int]) -> None:
    file = draw(ImageTask(SEA, 1, *size)).files[0]

    assert (file.width, file.height) == Image.open(io.BytesIO(file.content)).size == size


@pytest.mark.parametrize(
    "prompt",
    [
        *(SEA, "mountains", "forest", "neon city at night in the rain", "desert", "galaxy"),
        *("portrait", "roses", "a cat in the snow", "an apple on a table", "emerald silk, misty"),
        *("", "東京の夜", "👩‍🚀", "\x00\x01\ud800", "x" * 100_000, "مرحبا"),
    ],
)
def test_every_prompt_gives_a_picture(prompt: str) -> None:
    image = image_of(ImageTask(prompt, 3, 128, 128))

    assert len(image.getcolors(1 << 16) or []) > 50


def test_words_choose_motif_time_weather_and_colours() -> None:
    scene = read_scene("Night: a golden castle in a city, snow", 0)

    assert (scene.motif, scene.time, scene.weather) == ("city", "night", "snow")
    assert scene.colours == ((226, 178, 76),)


def test_the_file_names_its_prompt_seed_and_model() -> None:
    image = image_of(ImageTask("añil 海", 7, 128, 128, negative_prompt="blur", steps=12))

    texts = image.text  # pyright: ignore[reportAttributeAccessIssue]
    assert texts["parameters"].splitlines() == [
        "añil 海",
        "Negative prompt: blur",
        "Steps: 12, CFG scale: 6, Seed: 7, Size: 128x128, Model: local-procedural",
    ]
    assert texts["Software"] == "local-procedural"


def test_the_model_is_named_in_a_corner() -> None:
    plain, named = image_of(ImageTask("", 7, 256, 256)), image_of(ImageTask("harbour", 7, 256, 256))

    corner = (0, 236, 60, 256)
    assert np.asarray(plain.crop(corner)).max() > 200
    assert np.asarray(named.crop(corner)).max() > 200


def test_the_higher_the_denoise_strength_the_less_is_left_of_the_reference() -> None:
    given = reference()
    base = ImageTask(SEA, 7, 160, 120, pipeline=Pipeline.IMAGE_TO_IMAGE, reference=given)
    distances = [
        distance(
            open_image(given),
            image_of(ImageTask(**{**_fields(base), "denoise": denoise})),
        )
        for denoise in (0.0, 0.05, 0.2, 0.5, 0.8, 1.0)
    ]

    assert distances[0] == 0
    assert distances == sorted(distances)
    assert distances[-1] > distances[1] * 5
    text = image_of(ImageTask(SEA, 7, 160, 120))
    assert distance(text, image_of(ImageTask(**{**_fields(base), "denoise": 1.0}))) == 0


def _fields(task: ImageTask) -> dict[str, object]:
    return {name: getattr(task, name) for name in ImageTask.__slots__}


def test_a_copy_is_the_reference_byte_by_byte() -> None:
    given = reference()

    file = draw(ImageTask("", 7, pipeline=Pipeline.COPY, reference=given)).files[0]

    assert (file.content, file.width, file.height) == (given, 160, 120)


@pytest.mark.parametrize("content", [b"", b"not an image", reference()[:90], b"<svg/>"])
def test_a_reference_that_is_no_image_is_refused(content: bytes) -> None:
    with pytest.raises(BadTaskError):
        draw(ImageTask("x", 7, pipeline=Pipeline.IMAGE_TO_IMAGE, reference=content))


def test_a_missing_reference_is_refused() -> None:
    with pytest.raises(BadTaskError, match="no reference"):
        draw(ImageTask("x", 7, pipeline=Pipeline.COPY))


def test_a_picture_of_too_many_pixels_is_refused() -> None:
    buffer = io.BytesIO()
    Image.new("1", (10_000, 10_000)).save(buffer, "PNG")

    with pytest.raises(BadTaskError):
        open_image(buffer.getvalue())


def test_a_thumbnail_is_a_webp_of_at_most_256() -> None:
    thumbnail = draw(ImageTask(SEA, 7, 1024, 576)).files[0].thumbnail
    assert thumbnail
    image = Image.open(io.BytesIO(thumbnail))

    assert (image.format, image.size) == ("WEBP", (256, 144))


def test_a_video_moves_and_has_the_frames_of_its_length() -> None:
    import av

    file = draw(ImageTask(SEA, 7, 321, 181, pipeline=Pipeline.VIDEO, frames=33)).files[0]

    with av.open(io.BytesIO(file.content)) as container:
        frames = [frame.to_image() for frame in container.decode(video=0)]
    assert (file.media_type, file.frames, file.duration) == ("video/mp4", 33, 33 / 16)
    assert len(frames) == 33
    assert frames[0].size == (file.width, file.height) == (320, 180)
    assert distance(frames[0], frames[-1]) > 2


def test_a_video_is_an_animated_webp_without_pyav(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "av", None)
    frames = [Image.new("RGB", (32, 32), (shade, 0, 0)) for shade in (0, 120, 240)]
    content, media_type = encode_video(iter(frames))

    assert media_type == "image/webp"
    assert getattr(Image.open(io.BytesIO(content)), "n_frames", 1) == 3
