"""Which function of main.py is served, and as what."""

from pathlib import Path
from typing import cast

import httpx
import pytest

from edge.events import BootFailure
from tests.integration.edge.runtime.test_reload import eventually
from tests.support.functions_runtime import Functions

pytestmark = pytest.mark.process

HELLO = "@functions_framework.http\ndef say_hello(request):\n    return 'hello'\n"
UPLOAD = "@functions_framework.cloud_event\ndef on_upload(event):\n    print(event['id'])\n"
ASYNC = (
    "@functions_framework.aio.cloud_event\n"
    "async def on_save(event):\n    assert event['id'] == '1'\n"
)
EVENT = {
    "ce-id": "1",
    "ce-source": "test",
    "ce-type": "upload",
    "ce-specversion": "1.0",
    "content-type": "application/json",
}


def add(scratch: Functions, name: str, code: str, toml: str = "") -> None:
    folder: Path = scratch.app.config.root / "functions" / name
    folder.mkdir()
    (folder / "function.toml").write_text(toml)
    (folder / "main.py").write_text(f"import functions_framework, functions_framework.aio\n{code}")
    eventually(lambda: name in scratch.app.functions, True)


def post(scratch: Functions, name: str, **headers: str) -> httpx.Response:
    with scratch.client() as client:
        return client.post(f"/{name}", json={}, headers=headers)


@pytest.mark.parametrize(
    ("name", "code", "toml"),
    [
        ("only-event", UPLOAD, ""),
        ("only-async-event", ASYNC, ""),
        ("alias", f"{HELLO}{UPLOAD}main = on_upload\n", ""),
        ("async-alias", f"{HELLO}{ASYNC}main = on_save\n", ""),
        ("named-event", HELLO + UPLOAD, 'entry_point = "on_upload"\n'),
    ],
)
def test_an_event_function_of_any_name_takes_events(
    scratch: Functions, name: str, code: str, toml: str
) -> None:
    add(scratch, name, code, toml)

    assert (post(scratch, name, **EVENT).status_code, post(scratch, name).status_code) == (200, 400)


@pytest.mark.parametrize(
    ("name", "code", "toml", "text"),
    [
        ("only-http", HELLO, "", "hello"),
        ("named-http", HELLO + UPLOAD, 'entry_point = "say_hello"\n', "hello"),
        (
            "named-plain",
            "async def run(request):\n    return 'ran'\n" + HELLO,
            'entry_point = "run"',
            "ran",
        ),
        ("main-first", HELLO + "def main(request):\n    return 'main'\n", "", "main"),
    ],
)
def test_an_http_function_of_any_name_is_served(
    scratch: Functions, name: str, code: str, toml: str, text: str
) -> None:
    add(scratch, name, code, toml)

    assert post(scratch, name).text == text


@pytest.mark.parametrize(
    ("name", "code", "toml", "said"),
    [
        ("two", HELLO + UPLOAD, "", "2 that are decorated: on_upload, say_hello"),
        ("none", "def run(request): ...\n", "", "Its functions are: run."),
        ("wrong", HELLO, 'entry_point = "hello"\n', "which entry_point in function.toml names"),
    ],
)
def test_an_unclear_entry_point_is_a_boot_error_that_names_the_setting(
    scratch: Functions, name: str, code: str, toml: str, said: str
) -> None:
    add(scratch, name, code, toml)

    assert post(scratch, name).json()["code"] == "BOOT_ERROR"
    failure = scratch.wait_for(lambda event: isinstance(event, BootFailure) and event.slug == name)
    message = cast("BootFailure", failure).message
    assert said in message
    assert "entry_point" in message
