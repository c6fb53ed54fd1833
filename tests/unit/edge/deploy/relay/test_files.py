"""The files of relays: what is written, and what is never overwritten."""

from pathlib import Path

import pytest

from edge.deploy.relay.files import SHARED, Relay, fill_url, render_relays, write_relays
from edge.errors import EdgeError
from edge.project.layout import find_typescript

HELLO = Relay("hello", "https://hello.example.com")


def test_relays_are_written_once_and_again_when_they_change(tmp_path: Path) -> None:
    first = write_relays(tmp_path, render_relays([HELLO]), force=False)
    second = write_relays(tmp_path, render_relays([HELLO]), force=False)
    third = write_relays(
        tmp_path, render_relays([Relay("hello", "https://b.example.com")]), force=False
    )

    assert first == [SHARED, HELLO.path]
    assert (second, third) == ([], [HELLO.path])


def test_a_function_of_a_persons_own_is_kept_unless_forced(tmp_path: Path) -> None:
    index = tmp_path / HELLO.path
    index.parent.mkdir(parents=True)
    index.write_text("Deno.serve(() => new Response('mine'));\n")

    with pytest.raises(EdgeError, match="not a relay that edge wrote"):
        write_relays(tmp_path, render_relays([HELLO]), force=False)
    assert "mine" in index.read_text()
    assert not (tmp_path / SHARED).exists()
    write_relays(tmp_path, render_relays([HELLO]), force=True)
    assert "relay(" in index.read_text()


def test_a_relay_is_no_typescript_function(tmp_path: Path) -> None:
    (tmp_path / "functions/hello").mkdir(parents=True)
    (tmp_path / "functions/hello/main.py").touch()
    write_relays(tmp_path, render_relays([HELLO, Relay("gone", "https://g")]), force=False)
    (tmp_path / "supabase/functions/own").mkdir()
    (tmp_path / "supabase/functions/own/index.ts").write_text("Deno.serve(() => 1)")

    assert set(find_typescript(tmp_path)) == {"own"}


@pytest.mark.parametrize(
    ("template", "url"),
    [
        ("https://a.example/functions/v1", "https://a.example/functions/v1/hello"),
        ("https://a.example/functions/v1/", "https://a.example/functions/v1/hello"),
        ("https://{name}-1.run.app/", "https://hello-1.run.app/"),
    ],
)
def test_the_name_is_put_into_the_url(template: str, url: str) -> None:
    assert fill_url(template, "hello") == url


@pytest.mark.parametrize("template", ["a.example", "ftp://a", "https://", "https://a/?b={name}"])
def test_what_is_no_url_is_refused(template: str) -> None:
    with pytest.raises(EdgeError, match="not the URL"):
        fill_url(template, "hello")
