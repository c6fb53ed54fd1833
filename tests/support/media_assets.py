"""Assets of a user's workspace with real files in Storage."""

import io
from dataclasses import dataclass
from uuid import uuid4

import httpx
import psycopg
from PIL import Image

from tests.conftest import RunningStack
from tests.support.media_users import MediaUser


@dataclass(frozen=True, slots=True)
class DrawnAsset:
    """A workspace asset with the bytes of its file."""

    id: str
    job_id: str
    path: str
    content: bytes

    @property
    def thumbnail(self) -> str:
        return self.path.removesuffix(".png") + ".thumb.webp"


def draw(color: tuple[int, int, int], kind: str = "PNG") -> bytes:
    """Return a small image in one color."""
    out = io.BytesIO()
    Image.new("RGB", (16, 16), color).save(out, kind)
    return out.getvalue()


def put_file(stack: RunningStack, bucket: str, path: str, content: bytes, kind: str) -> None:
    answer = _storage(stack, "POST", f"object/{bucket}/{path}", content, kind)
    assert answer.status_code == 200, answer.text


def read_file(stack: RunningStack, bucket: str, path: str) -> bytes | None:
    """Return a file's bytes, None if there is none."""
    answer = _storage(stack, "GET", f"object/authenticated/{bucket}/{path}")
    return answer.content if answer.status_code == 200 else None


def delete_file(stack: RunningStack, bucket: str, path: str) -> None:
    assert _storage(stack, "DELETE", f"object/{bucket}/{path}").status_code == 200


def _storage(
    stack: RunningStack, method: str, path: str, content: bytes | None = None, kind: str = ""
) -> httpx.Response:
    with stack.client() as client:
        headers = {"content-type": kind} if kind else {}
        return client.request(method, f"/storage/v1/{path}", content=content, headers=headers)


def add_assets(user: MediaUser, count: int = 1, *, expired: bool = False) -> list[DrawnAsset]:
    """Insert a completed job with assets of one prompt, seed and model, and store their files."""
    job_id = str(uuid4())
    assets = [
        DrawnAsset(str(uuid4()), job_id, f"{user.id}/{job_id}/{n}.png", draw((n, 0, 9)))
        for n in range(count)
    ]
    for asset in assets:
        put_file(user.stack, "workspace-temp", asset.path, asset.content, "image/png")
        thumbnail = draw((0, 0, 0), "WEBP")
        put_file(user.stack, "workspace-temp", asset.thumbnail, thumbnail, "image/webp")
    with psycopg.connect(user.stack.dsn) as connection:
        connection.execute(
            "insert into jobs (id, user_id, job_type, status, format, quality, model_type,"
            " original_prompt, started_at, completed_at) values"
            " (%s, %s, 'sdxl_image_high', 'completed', 'image', 'high', 'sdxl', 'a fox', now(),"
            " now())",
            (job_id, user.id),
        )
        for index, asset in enumerate(assets):
            connection.execute(
                "insert into workspace_assets (id, user_id, job_id, asset_type, temp_storage_path,"
                " thumbnail_path, file_size_bytes, mime_type, asset_index, generation_seed,"
                " original_prompt, model_used, expires_at) values (%s, %s, %s, 'image', %s, %s, %s,"
                " 'image/png', %s, 7, 'a fox', 'sdxl', now() + %s)",
                (
                    *(asset.id, user.id, job_id, asset.path, asset.thumbnail),
                    *(len(asset.content), index, "-1 hour" if expired else "7 days"),
                ),
            )
    return assets
