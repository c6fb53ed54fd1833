"""`edge init --ci github`: the workflow that is written, and what is left alone."""

import json
import re
import subprocess
from pathlib import Path

import jsonschema
import pytest

from tests.support.cli_command import Edge
from tests.support.paths import ROOT
from tests.support.workflows import read_workflow, shell_steps

WORKFLOW = ".github/workflows/edge.yml"
SCHEMA = json.loads((ROOT / "tests/data/schemastore/github-workflow.json").read_text())
ENVIRONMENTS = "[env.production.variables]\n[env.staging.variables]\n[env.qa_1.variables]\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "functions/hello"
    folder.mkdir(parents=True)
    (folder / "main.py").write_text("async def main(request): ...\n")
    return tmp_path


@pytest.mark.parametrize("target", ["cloud-run", "knative", "container"])
@pytest.mark.parametrize("environments", ["", ENVIRONMENTS])
def test_it_follows_the_published_schema(
    project: Path, edge: Edge, target: str, environments: str
) -> None:
    (project / "deploy.toml").write_text(f'target = "{target}"\n{environments}')

    assert edge("init", str(project), "--ci", "github").status == 0

    workflow = read_workflow(project / WORKFLOW)
    jsonschema.validate(workflow, SCHEMA)
    text = (project / WORKFLOW).read_text()
    assert not re.search(r"uses: (?!\S+@[0-9a-f]{40} # v\d+\.\d+\.\d+$)", text, re.MULTILINE)
    assert "%%" not in text
    assert workflow["permissions"] == {"contents": "read"}
    assert "${{" not in "".join("".join(shell_steps(workflow, job)) for job in workflow["jobs"])
    for job in workflow["jobs"]:
        for script in shell_steps(workflow, job).values():
            checked = subprocess.run(["bash", "-n"], input=script, text=True, check=False)
            assert checked.returncode == 0, script


def test_environments_follow_one_another_and_production_is_last(project: Path, edge: Edge) -> None:
    (project / "deploy.toml").write_text(ENVIRONMENTS)

    edge("init", str(project), "--ci", "github")

    jobs = read_workflow(project / WORKFLOW)["jobs"]
    chain = {name: job.get("needs") for name, job in jobs.items()}
    assert chain == {
        "check": None,
        "plan": None,
        "deploy-staging": ["check"],
        "deploy-qa_1": ["deploy-staging"],
        "deploy-production": ["deploy-qa_1"],
    }
    assert [jobs[name]["environment"] for name in list(jobs)[2:]] == [
        "staging",
        "qa_1",
        "production",
    ]
    assert all("--env" in job["steps"][-1]["run"] for job in list(jobs.values())[2:])


def test_pull_requests_see_no_secret_and_may_only_read(project: Path, edge: Edge) -> None:
    edge("init", str(project), "--ci", "github")

    for job in ("check", "plan"):
        described = read_workflow(project / WORKFLOW)["jobs"][job]
        assert "secrets." not in json.dumps(described)
        assert "permissions" not in described
        assert all(
            step["with"]["persist-credentials"] is False
            for step in described["steps"]
            if step.get("uses", "").startswith("actions/checkout@")
        )


def test_a_workflow_that_is_there_stays_as_it_is(project: Path, edge: Edge) -> None:
    path = project / WORKFLOW
    path.parent.mkdir(parents=True)
    path.write_text("mine")

    done = edge("init", str(project), "--ci", "github")

    assert (done.status, path.read_text()) == (0, "mine")
    assert "is there already" in done.err


def test_a_project_in_a_folder_of_a_repository_has_its_workflow_at_the_top(
    tmp_path: Path, edge: Edge
) -> None:
    (tmp_path / ".git").mkdir()

    done = edge("init", str(tmp_path / "backend/shop"), "--ci", "github")

    assert done.status == 0, done.err
    assert (tmp_path / "backend/shop/functions/hello/main.py").is_file()
    defaults = read_workflow(tmp_path / WORKFLOW)["defaults"]["run"]
    assert defaults["working-directory"] == "backend/shop"


def test_only_errors_are_linted_where_ruff_is_not_configured(project: Path, edge: Edge) -> None:
    edge("init", str(project), "--ci", "github")
    first = shell_steps(read_workflow(project / WORKFLOW), "check")["Lint"]
    (project / WORKFLOW).unlink()
    (project / "pyproject.toml").write_text("[tool.ruff]\n")
    edge("init", str(project), "--ci", "github")

    assert first.startswith("ruff check --select E9,F .")
    assert shell_steps(read_workflow(project / WORKFLOW), "check")["Lint"] == "ruff check ."


def test_an_environment_that_no_job_can_be_named_after_is_refused(
    project: Path, edge: Edge
) -> None:
    (project / "deploy.toml").write_text('[env."a b".variables]\n')

    done = edge("init", str(project), "--ci", "github")

    assert (done.status, (project / WORKFLOW).exists()) == (2, False)
    assert "[env.a b]" in done.err
