"""The build context of the one image: what is in it, what is not, and where it may be written."""

from pathlib import Path

import pytest

from edge.deploy.execute import execute
from edge.deploy.plan import Plan
from edge.deploy.steps import Run
from edge.deploy.targets.container import Container, without_packages
from edge.errors import DeployError
from tests.support.workloads import settings


def write(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("" if name.endswith(".py") else name)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    write(
        root,
        *("functions/hello/main.py", "functions/hello/prompts/a.md", "functions/other/main.py"),
        *("shared/env.py", "shared/llm/x.py", "supabase/config.toml", "requirements.lock"),
        *("functions/hello/.env", "functions/.env", ".env", "supabase/seed.sql", "tests/test_x.py"),
        *("functions/hello/__pycache__/main.pyc", "shared/.hidden/file", ".edge/logs"),
    )
    return root


def container(project: Path) -> Container:
    return Container(settings(project), project, project.parent / "context")


def plan(project: Path, *, builds: bool = False) -> Plan:
    return container(project).plan([project / "functions/hello"], builds=builds)


def test_the_runtime_the_functions_and_what_they_share_are_in_it(project: Path) -> None:
    files = container(project).context([project / "functions/hello"])

    ours = {name for name in files if not name.startswith("edge/")}
    assert ours == {
        *("Dockerfile", "edge-digest", "requirements.lock", "supabase/config.toml"),
        *("functions/hello/main.py", "functions/hello/prompts/a.md"),
        *("shared/env.py", "shared/llm/x.py"),
    }
    assert {"edge/production/settings.py", "edge/runtime/launch/zygote.py"} <= set(files)


def test_neither_the_emulator_nor_a_cache_is_in_it(project: Path) -> None:
    files = container(project).context([])

    assert [name for name in files if name.startswith(("edge/emulator", "edge/templates"))] == []
    assert [name for name in files if "__pycache__" in name] == []


def test_the_image_runs_as_nobody_and_is_asked_whether_it_is_well(project: Path) -> None:
    (project / "requirements.lock").write_text("a==1 --hash=sha256:00\n")
    recipe = container(project).context([])["Dockerfile"].decode()

    assert "--require-hashes -r" in recipe
    assert "\nUSER 10001\n" in recipe
    assert "/_internal/health" in recipe
    assert 'CMD ["python", "-m", "edge", "serve", "--production"]' in recipe
    assert "FROM python:3.11." in recipe
    assert " EDGE_FUNCTIONS_URL=http://127.0.0.1:8080/functions/v1/{name}\n" in recipe


def test_packages_that_production_does_not_need_are_not_installed() -> None:
    lock = b"""\
# made by a tool
anyio==4 \\
    --hash=sha256:00
debugpy==1 ; python_version > '3' \\
    --hash=sha256:01 \\
    --hash=sha256:02
uvicorn==2 --hash=sha256:03
"""

    kept = without_packages(lock, {"debugpy"}).decode()

    assert kept.count("--hash") == 2
    assert "debugpy" not in kept
    assert kept.startswith("# made by a tool\nanyio==4 \\\n    --hash=sha256:00\nuvicorn==2")


def test_a_context_is_written_once_and_again_when_something_has_changed(project: Path) -> None:
    outcomes = execute(plan(project).changes, 1, lambda *_: None)

    assert [outcome.result for outcome in outcomes] == ["deployed"]
    assert plan(project).changes[0].verdict == "unchanged"
    write(project, "shared/new.py")
    assert plan(project).changes[0].verdict == "update"


def test_the_image_is_built_only_when_that_is_asked(project: Path) -> None:
    built = plan(project, builds=True).changes[0].steps

    assert not any(isinstance(step, Run) for step in plan(project).changes[0].steps)
    assert isinstance(built[1], Run)
    assert built[1].argv[1:3] == ("build", "--tag")


def test_a_folder_of_somebody_else_is_left_alone(project: Path) -> None:
    write(project.parent, "context/precious")

    with pytest.raises(DeployError, match="not a build context of edge"):
        plan(project)


def test_a_function_that_is_no_python_is_not_put_into_it(project: Path) -> None:
    (project / "functions/hello/main.py").write_text("def main():\n    return (\n")

    with pytest.raises(DeployError, match=r"functions/hello/main\.py:2"):
        plan(project)


def test_without_a_lock_nothing_is_made(project: Path) -> None:
    (project / "requirements.lock").unlink()

    with pytest.raises(DeployError, match=r"requirements\.lock"):
        plan(project)
