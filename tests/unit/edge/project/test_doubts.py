"""Settings that are probably not meant so are reported at start, with their cure."""

from dataclasses import replace
from pathlib import Path

import pytest

from edge.project.doubts import find_doubts
from edge.project.extensions import Extensions, ProcessEntry
from edge.project.manifest import Function, Manifest, discover
from edge.project.settings import Settings, load_settings
from tests.support.paths import ROOT


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "functions" / "hello").mkdir(parents=True)
    return load_settings(tmp_path, environ={})


def doubts(settings: Settings, **manifest: object) -> list[str]:
    function = Function("hello", settings.root / "functions/hello", Manifest(**manifest))  # pyright: ignore[reportArgumentType]
    return list(find_doubts(settings, {"hello": function}))


def test_more_bodies_than_memory_are_reported(settings: Settings) -> None:
    (line,) = doubts(settings, body_limit="50MB", concurrency=100, memory="256MB")

    assert "hello: body_limit 50MB times concurrency 100 is 5000MB, beyond memory 256MB" in line
    assert "lower one of them in function.toml" in line


@pytest.mark.parametrize(
    "manifest",
    [
        {"body_limit": "2MB", "concurrency": 100},
        {"body_limit": "50MB", "concurrency": 5},
        {"body_limit": "50MB", "concurrency": 100, "memory": "5GB"},
        {"concurrency": 100},
        {},
    ],
)
def test_what_fits_or_is_not_set_is_not(settings: Settings, manifest: dict[str, object]) -> None:
    assert doubts(settings, **manifest) == []
    crowded = replace(settings, limits="off")
    assert doubts(crowded, body_limit="50MB", concurrency=100) == []


def test_a_secret_that_no_function_names_is_reported(settings: Settings) -> None:
    (settings.root / "functions/.env").write_text("KNOWN=1\nSTRIPE_KEY=sk\nSUPABASE_URL=x\n")

    (line,) = doubts(settings, secrets=("KNOWN",))

    assert line.startswith("functions/.env: no function.toml names STRIPE_KEY: no function reads")
    assert "`secrets`" in line
    assert "sk" not in line.split("STRIPE_KEY")[1].split()


def test_secrets_of_a_functions_own_file_are_compared_with_its_own(settings: Settings) -> None:
    (settings.root / "functions/hello/.env").write_text("OWN=1\nLOST=2\n")

    (line,) = doubts(settings, secrets=("OWN",))

    assert line.startswith("functions/hello/.env: no function.toml names LOST")


def test_what_processes_and_keys_bring_with_them_is_read(settings: Settings) -> None:
    entry = ProcessEntry("chat", ("true",), None, None, ("CHAT_KEY",))
    served = replace(settings, extensions=replace(Extensions(), processes=(entry,)))
    (settings.root / "functions/.env").write_text("CHAT_KEY=1\nOPENAI_API_KEY=2\nOPENAI_BASE_URL=3")

    assert doubts(served, secrets=("OPENAI_API_KEY",)) == []


def test_typescript_functions_get_every_secret(settings: Settings) -> None:
    folder = settings.root / "supabase/functions/old"
    folder.mkdir(parents=True)
    (folder / "index.ts").write_text("Deno.serve(() => new Response())")
    (settings.root / "functions/.env").write_text("STRIPE_KEY=sk\n")

    assert doubts(settings) == []


def test_this_project_raises_none() -> None:
    settings = load_settings(ROOT, environ={})
    found = list(find_doubts(settings, discover(ROOT / "functions")))

    assert [line for line in found if "body_limit" in line] == []
