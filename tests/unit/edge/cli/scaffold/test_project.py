"""`edge init`: what a new project holds."""

import ast
import tomllib
from pathlib import Path

import pytest

from edge.cli.scaffold.project import plan_project
from edge.emulator.postgres.migrations import find_migrations
from edge.project.manifest import discover
from edge.project.settings import load_settings
from tests.support.cli_command import Edge
from tests.support.paths import ROOT


@pytest.fixture
def made(edge: Edge, tmp_path: Path) -> Path:
    folder = tmp_path / "My Project"
    assert edge("init", str(folder)).status == 0
    return folder


def test_it_has_a_function_a_migration_and_a_configuration(made: Path) -> None:
    config = tomllib.loads((made / "supabase/config.toml").read_text())

    assert list(discover(made / "functions")) == ["hello"]
    assert [m.name for m in find_migrations(made / "supabase/migrations")] == ["create_notes"]
    assert config["project_id"] == "My-Project"
    assert load_settings(made, environ={}).port == 54321


def test_secrets_and_state_are_kept_out_of_git(made: Path) -> None:
    ignored = (made / ".gitignore").read_text().split()

    assert {"functions/.env", "functions/*/.env", ".edge/"} <= set(ignored)


def test_shared_comes_along_as_far_as_functions_need_it() -> None:
    files = plan_project("p")
    shared = {name for name in files if name.startswith("shared/")}

    assert {"shared/__init__.py", "shared/endpoint.py", "shared/llm/openai.py"} <= shared
    assert shared.isdisjoint({"shared/conversations/sales.py", "shared/conversations/videos.py"})
    assert all(files[name] == (ROOT / name).read_text() for name in shared)


def test_nothing_that_shared_imports_is_missing() -> None:
    files = plan_project("p")
    modules = {
        name.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for name in files
    }

    missing = {
        f"{name}: {node.module}"
        for name, text in files.items()
        if name.endswith(".py")
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("shared")
        if node.module not in modules
    }

    assert missing == set()


def test_what_is_already_there_is_not_overwritten(edge: Edge, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")

    done = edge("init", str(tmp_path))

    assert (done.status, "exists already; nothing was written" in done.err) == (2, True)
    assert [path.name for path in tmp_path.iterdir()] == ["README.md"]


def test_an_existing_folder_takes_it_beside_what_is_there(edge: Edge, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")

    assert edge("init", str(tmp_path)).status == 0
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert (tmp_path / "functions/hello/main.py").exists()
