"""Images: resized, converted, cached; what is no image is refused."""

import asyncio
import io
import struct
import zlib

import pytest
from PIL import Image

from tests.support.storage_service import ANN, Storage, error


@pytest.fixture
async def pictures(storage: Storage) -> Storage:
    await storage.create_bucket("pictures", public=True)
    picture = io.BytesIO()
    Image.new("RGB", (300, 200), (200, 30, 30)).save(picture, "JPEG")
    await storage.upload("pictures/a.jpg", picture.getvalue(), "image/jpeg")
    return storage


@pytest.mark.parametrize(
    ("query", "size", "kind"),
    [
        ("width=100&height=100", (100, 100), "JPEG"),
        ("width=100&height=100&resize=contain", (100, 67), "JPEG"),
        ("width=100", (100, 200), "JPEG"),
        ("width=900", (300, 200), "JPEG"),
        ("width=50&height=40&resize=fill&format=webp", (50, 40), "WEBP"),
    ],
)
async def test_sizes_and_formats(
    pictures: Storage, query: str, size: tuple[int, int], kind: str
) -> None:
    answer = await pictures("GET", f"/render/image/public/pictures/a.jpg?{query}")

    image = Image.open(io.BytesIO(answer.content))
    assert (image.size, image.format) == (size, kind)


@pytest.mark.parametrize(
    ("query", "applied", "color"),
    [
        ("gravity=we", "gravity:we", (255, 0, 0)),
        ("gravity=noea", "gravity:noea", (0, 0, 255)),
        ("gravity=fp&x_offset=0&y_offset=1", "gravity:fp:0:1", (255, 0, 0)),
        ("gravity=fp&x_offset=0.9&y_offset=0.5", "gravity:fp:0.9:0.5", (0, 0, 255)),
        ("gravity=we&x_offset=200", "gravity:we:200:0", (0, 0, 255)),
        ("gravity=sm&x_offset=5", "gravity:sm", None),
    ],
)
async def test_gravity_says_which_part_of_a_crop_is_kept(
    storage: Storage, query: str, applied: str, color: tuple[int, int, int] | None
) -> None:
    await storage.create_bucket("pictures", public=True)
    picture, data = Image.new("RGB", (300, 100), (255, 0, 0)), io.BytesIO()
    picture.paste((0, 0, 255), (150, 0, 300, 100))
    picture.save(data, "PNG")
    await storage.upload("pictures/a.png", data.getvalue(), "image/png")
    path = f"/render/image/public/pictures/a.png?width=100&height=100&{query}"
    answer = await storage("GET", path)

    assert answer.headers["x-transformations"].endswith(applied)
    if color:
        colors = Image.open(io.BytesIO(answer.content)).convert("RGB").getcolors()
        assert colors == [(100 * 100, color)]


@pytest.mark.parametrize(
    "query", ["gravity=up", "gravity=fp", "gravity=fp&x_offset=2&y_offset=0", "x_offset=inf"]
)
async def test_wrong_gravity_is_refused(pictures: Storage, query: str) -> None:
    answer = await pictures("GET", f"/render/image/public/pictures/a.jpg?width=9&{query}")
    assert answer.status_code == 400
    assert "querystring" in answer.json()["message"]


async def test_the_options_of_a_signed_url_are_its_token_s(pictures: Storage) -> None:
    body = {"expiresIn": 60, "transform": {"width": 10, "height": 10}}
    signed = (await pictures("POST", "/object/sign/pictures/a.jpg", json=body)).json()["signedURL"]
    answer = await pictures.without_token()("GET", f"{signed}&width=300&height=200")

    assert Image.open(io.BytesIO(answer.content)).size == (10, 10)


def bomb() -> bytes:
    """A PNG of a few bytes that says to have 10^10 pixels."""
    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    start = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk
    return start + struct.pack(">I", zlib.crc32(chunk)) + b"\0\0\0\0IEND\xaeB`\x82"


@pytest.mark.parametrize("data", [b"no image", bomb(), b""])
async def test_what_is_no_image_or_too_large_is_refused(pictures: Storage, data: bytes) -> None:
    await pictures.upload("pictures/x.png", data, "image/png")
    answer = await pictures("GET", "/render/image/public/pictures/x.png?width=10")

    assert error(answer) == (400, "InvalidRequest", "400")


async def test_the_answer_tells_what_of_the_query_was_applied(pictures: Storage) -> None:
    for query, wanted in (
        ("", None),
        ("?width=0&format=origin", None),
        ("?quality=50", "quality:50"),
        ("?width=5000&resize=contain", "width:2000,resizing_type:fit"),
        (
            "?width=10&height=20&resize=fill&quality=30&format=webp",
            "height:20,width:10,resizing_type:force,quality:30,format:webp",
        ),
    ):
        answer = await pictures("GET", f"/render/image/public/pictures/a.jpg{query}")
        assert answer.headers.get("x-transformations") == wanted


async def test_one_with_many_images_leaves_room_for_others(storage: Storage) -> None:
    """Nobody waits for all of one user's slow images."""
    await storage.create_bucket("pictures", public=True)
    picture = io.BytesIO()
    Image.effect_noise((1000, 1000), 40).save(picture, "JPEG")
    await storage.upload("pictures/a.jpg", picture.getvalue(), "image/jpeg")
    storage.execute("create policy p on storage.objects for select to authenticated using (true)")
    owner, visitor = storage.as_user(ANN), storage.without_token()
    path = "pictures/a.jpg?width=990&format=avif&quality={}"
    slow = [
        asyncio.create_task(owner("GET", f"/render/image/authenticated/{path.format(50 + number)}"))
        for number in range(6)
    ]
    answer = await visitor("GET", "/render/image/public/pictures/a.jpg?width=20")
    assert answer.status_code == 200
    assert sum(task.done() for task in slow) < len(slow)
    for task in slow:
        task.cancel()
    await asyncio.gather(*slow, return_exceptions=True)


@pytest.mark.parametrize("start", [b"", b'\n<?xml version="1.0"?>\n<!-- a -->\n<!DOCTYPE svg>\n'])
async def test_svg_stays_as_it_is(pictures: Storage, start: bytes) -> None:
    picture = start + b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'
    await pictures.upload("pictures/a.svg", picture, "image/svg+xml")
    answer = await pictures("GET", "/render/image/public/pictures/a.svg?width=3")
    assert (answer.content, answer.headers["content-type"]) == (picture, "image/svg+xml")
