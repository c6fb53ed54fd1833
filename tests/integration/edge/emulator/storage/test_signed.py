"""Signed URLs: each for one object and one purpose, until it expires."""

import base64
import time

import jwt
import pytest

from tests.support.storage_service import SECRET, Storage, error


@pytest.fixture
async def docs(storage: Storage) -> Storage:
    await storage.create_bucket("docs")
    await storage.upload("docs/a.txt")
    return storage


async def test_a_signed_url_downloads_without_a_token(docs: Storage) -> None:
    signed = await docs("POST", "/object/sign/docs/a.txt", json={"expiresIn": "60"})
    answer = await docs.without_token()("GET", signed.json()["signedURL"])

    assert answer.content == b"hello world"
    assert "expires" in answer.headers


async def test_several_are_signed_at_once(docs: Storage) -> None:
    body = {"expiresIn": 60, "paths": ["a.txt", "none.txt"]}
    found, missing = (await docs("POST", "/object/sign/docs", json=body)).json()

    assert (await docs.without_token()("GET", found["signedURL"])).status_code == 200
    assert (missing["signedURL"], missing["path"]) == (None, "none.txt")


def token(**changes: object) -> str:
    claims = {"url": "docs/a.txt", "scope": "download", "exp": int(time.time()) + 60, **changes}
    return jwt.encode(claims, SECRET, "HS256")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"url": "docs/b.txt"}, "InvalidSignature"),
        ({"scope": "upload"}, "InvalidSignature"),
        ({"exp": 1}, "InvalidJWT"),
    ],
)
async def test_a_token_for_something_else_is_refused(
    docs: Storage, changes: dict[str, object], code: str
) -> None:
    answer = await docs("GET", f"/object/sign/docs/a.txt?token={token(**changes)}")

    assert error(answer) == (400, code, "400")


async def test_a_signed_upload_writes_once_and_a_download_token_never(docs: Storage) -> None:
    signed = (await docs("POST", "/object/upload/sign/docs/new.txt")).json()
    anybody = docs.without_token()
    written = await anybody("PUT", signed["url"], content=b"sent")
    again = await anybody("PUT", signed["url"], content=b"again")
    forged = token(url="docs/other.txt")
    wrong = await anybody("PUT", f"/object/upload/sign/docs/other.txt?token={forged}", content=b"x")

    assert written.json() == {"Key": "docs/new.txt"}
    assert error(again) == (400, "KeyAlreadyExists", "409")
    assert error(wrong) == (400, "InvalidSignature", "400")
    assert (await docs("GET", "/object/docs/new.txt")).content == b"sent"


async def test_a_signed_resumable_upload_needs_no_token_of_its_own(docs: Storage) -> None:
    signed = (await docs("POST", "/object/upload/sign/docs/long")).json()["token"]
    names = (("bucketName", b"docs"), ("objectName", b"long"))
    about = ",".join(f"{name} {base64.b64encode(value).decode()}" for name, value in names)
    headers = {"tus-resumable": "1.0.0", "x-signature": signed}
    anybody = docs.without_token()
    created = await anybody(
        "POST",
        "/upload/resumable/sign",
        headers={**headers, "upload-length": "5", "upload-metadata": about},
    )
    path = created.headers["location"].partition("/storage/v1")[2]
    more = {"upload-offset": "0", "content-type": "application/offset+octet-stream"}
    sent = await anybody("PATCH", path, content=b"hello", headers={**headers, **more})

    assert (created.status_code, sent.status_code) == (201, 204), sent.text
    assert (await docs("GET", "/object/docs/long")).content == b"hello"
