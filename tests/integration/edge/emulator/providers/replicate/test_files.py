"""Replicate's Files API through its own client."""

import hashlib
import io
from collections.abc import Iterator

import httpx
import pytest
import replicate
from replicate.exceptions import ReplicateError


@pytest.fixture
def client(http: httpx.Client) -> Iterator[replicate.Client]:
    created = replicate.Client(api_token="r8_test", base_url=str(http.base_url.join("/replicate")))
    yield created
    created._client.close()  # it has no public way


def test_a_file_is_uploaded_found_and_deleted(client: replicate.Client) -> None:
    content = b"\x89PNG" + bytes(2_000_000)
    made = client.files.create(io.BytesIO(content), filename="boat.png", metadata={"job": "7"})
    assert (made.name, made.content_type, made.size) == ("boat.png", "image/png", len(content))
    assert made.checksums == {"sha256": hashlib.sha256(content).hexdigest()}
    assert made.metadata == {"job": "7"}
    assert made.urls["get"].endswith(f"/v1/files/{made.id}")
    assert client.files.get(made.id).dict() == made.dict()
    other = client.files.create(io.BytesIO(b"text"), filename="a.txt")
    assert [each.id for each in client.files.list()][:2] == [other.id, made.id]
    assert client.files.delete(made.id)
    with pytest.raises(ReplicateError) as missing:
        client.files.get(made.id)
    assert missing.value.status == 404


def test_a_wrong_upload_is_refused(client: replicate.Client, http: httpx.Client) -> None:
    with pytest.raises(ReplicateError) as large:
        client.files.create(io.BytesIO(bytes(33 << 20)), filename="large.bin")
    assert large.value.status == 413
    headers = {"authorization": "Bearer r8"}
    for given in (
        {"json": {}},
        {"data": {"content": "text"}},
        {"files": {"other": ("a.txt", b"x")}, "data": {"metadata": "[]"}},
        {"files": {"content": ("a.txt", b"x")}, "data": {"metadata": "no JSON"}},
        {"files": {"content": ("a.txt", b"x")}, "data": {"metadata": '{"a":' + "[" * 9_000}},
        {"files": {"content": ("a.txt", b"x")}, "data": {"metadata": f'{{"a": "{"x" * 17_000}"}}'}},
    ):
        answer = http.post("/replicate/v1/files", headers=headers, **given)
        assert answer.status_code == 400, answer.text
    http.post("/_faults", json={"provider": "replicate", "kind": "status", "status": 500})
    assert http.get("/replicate/v1/files", headers=headers).status_code == 500
    assert http.get("/replicate/v1/files").status_code == 401
