"""Whatever a request holds, the event loop that answers others is busy for a short time only."""

from base64 import b64encode

import pytest

from tests.support.loop_time import longest_step
from tests.support.storage_service import Storage

LIMIT = 0.02
ROWS = b"[" + b"{}," * 300_000 + b"{}]"
ROUTES = [
    ("POST", "/object/list/pictures", b'{"prefix": "", "search": ' + ROWS + b"}"),
    ("POST", "/object/list-v2/pictures", b'{"prefix": "", "cursor": ' + ROWS + b"}"),
    ("DELETE", "/object/pictures", b'{"prefixes": ' + ROWS + b"}"),
    ("POST", "/object/sign/pictures", b'{"expiresIn": 1, "paths": ' + ROWS + b"}"),
    ("POST", "/object/copy", ROWS),
    ("POST", "/bucket", b'{"name": "b", "allowed_mime_types": ' + ROWS + b"}"),
]
FORM = {"content-type": "multipart/form-data; boundary=cut"}
FIELD = b'--cut\r\ncontent-disposition: form-data; name="%s"\r\n\r\n%s\r\n'
FILE = b'--cut\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\nx\r\n'


@pytest.mark.parametrize(("method", "url", "body"), ROUTES)
async def test_a_body_of_many_values_is_refused_before_it_is_parsed(
    storage: Storage, method: str, url: str, body: bytes
) -> None:
    await storage.create_bucket("pictures")
    headers = {"content-type": "application/json"}
    answer, seconds = await longest_step(storage(method, url, content=body, headers=headers))

    assert answer.status_code == 400
    assert answer.json()["message"] == "body must hold fewer values"
    assert seconds < LIMIT, f"{seconds * 1000:.0f} ms"


@pytest.mark.parametrize(
    "body",
    [
        FIELD % (b"metadata", b'{"a": ' + ROWS + b"}") + FILE,
        FIELD % (b"cacheControl", b"1") * 12 + FILE,
        FIELD % (b"cacheControl", b"1") * 20_000 + FILE,
        FILE + FIELD % (b"later", b"1") * 20_000,
    ],
    ids=["metadata", "fields", "many fields", "fields after the file"],
)
async def test_a_form_is_bounded(storage: Storage, body: bytes) -> None:
    await storage.create_bucket("pictures")
    sending = storage("POST", "/object/pictures/a", content=body + b"--cut--\r\n", headers=FORM)
    answer, seconds = await longest_step(sending)

    assert answer.status_code == 400
    assert seconds < LIMIT, f"{seconds * 1000:.0f} ms"


async def test_metadata_of_many_values_is_refused(storage: Storage) -> None:
    await storage.create_bucket("pictures")
    metadata = b64encode(b'{"a": [' + b"1," * 12_000 + b"1]}").decode()
    header = f"bucketName {b64encode(b'pictures').decode()},objectName YQ==,metadata {metadata}"
    headers = {"tus-resumable": "1.0.0", "upload-length": "1", "upload-metadata": header}
    resumable = await storage("POST", "/upload/resumable", headers=headers)
    simple = await storage.upload("pictures/a", **{"x-metadata": metadata})

    assert (resumable.status_code, simple.status_code) == (400, 400)
