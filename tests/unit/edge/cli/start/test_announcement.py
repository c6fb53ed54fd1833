"""What `edge start` announces of a project's own."""

from dataclasses import replace
from pathlib import Path

from edge.cli.start.announcement import find_pages
from edge.project.extensions import Extensions, ProcessEntry
from edge.project.settings import load_settings


def test_pages_are_announced_with_what_opens_them(tmp_path: Path) -> None:
    (tmp_path / "functions").mkdir()
    (tmp_path / "index.html").touch()
    settings = replace(
        load_settings(tmp_path, environ={}),
        console_token="secret",
        extensions=Extensions(
            processes=(
                ProcessEntry("chat", ("run",), 8000, page="/chats"),
                ProcessEntry("worker", ("run",)),
            ),
            pages={"board": tmp_path},
        ),
    )
    url = f"{settings.api_url}/console"

    assert find_pages(settings) == [f"{url}/chats?token=secret", f"{url}/board"]
