"""`edge init` in a Supabase project: a function is added, nothing is changed."""

from pathlib import Path

import pytest

from tests.support.cli_command import Edge


def _snapshot(root: Path) -> dict[str, str]:
    return {str(p.relative_to(root)): p.read_text() for p in root.rglob("*") if p.is_file()}


def test_an_existing_project_is_adopted(
    tmp_path: Path, edge: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    supabase = tmp_path / "supabase"
    (supabase / "functions/greet").mkdir(parents=True)
    (supabase / "config.toml").write_text('project_id = "mine"\n')
    (supabase / "functions/greet/index.ts").write_text("Deno.serve(() => new Response())")
    (tmp_path / "README.md").write_text("mine")
    before = _snapshot(tmp_path)
    monkeypatch.chdir(tmp_path)

    done = edge("init")
    listed = edge("functions", "list")
    again = edge("init")

    after = _snapshot(tmp_path)
    assert done.status == 0, done.err
    assert {name: after[name] for name in before} == before
    assert "functions/hello/main.py" in after
    assert "+ functions/hello/main.py" in done.err
    assert "Everything is there already." in again.err
    rows = [line.split() for line in listed.out.splitlines()[1:]]
    assert [(row[2], row[3]) for row in rows] == [("hello", "ACTIVE"), ("greet", "TYPESCRIPT")]
    assert "--upstream" in listed.err
