"""The workflow of `edge init --ci github`, its steps run as a runner runs them."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.cli_process import edge, shell
from tests.support.workflows import read_workflow, shell_steps

pytestmark = [pytest.mark.process, pytest.mark.e2e]


def run_step(project: Path, script: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a step with GitHub's shell, where `edge`, `python` and `ruff` are installed."""
    binaries = Path(sys.executable).parent
    path = f"{binaries}:{shell()['PATH']}"
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=project,
        env=shell(**{**variables, "PATH": path}),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.mark.timeout(600)
def test_its_steps_pass_in_a_new_project(tmp_path: Path) -> None:
    project = tmp_path / "shop"
    assert edge(tmp_path, "init", "shop", "--ci", "github").returncode == 0
    workflow = read_workflow(project / ".github/workflows/edge.yml")
    summary = tmp_path / "summary.md"
    variables = {"RUNNER_TEMP": str(tmp_path), "GITHUB_STEP_SUMMARY": str(summary)}

    steps = {**shell_steps(workflow, "check"), **shell_steps(workflow, "plan")}
    del steps["Install"]  # the packages of this environment are tried
    deploy = shell_steps(workflow, "deploy-production")
    steps["Apply migrations"] = deploy["Apply migrations"]
    steps["Deploy"] = f"{deploy['Deploy']} --plan"
    done = {
        name: run_step(project, script, **variables, SUPABASE_DB_URL="")
        for name, script in steps.items()
    }

    assert {n: d.stdout + d.stderr for n, d in done.items() if d.returncode} == {}
    assert "passed" in done["Tests"].stdout
    assert "takes every migration" in done["Migrations, in a scratch database"].stderr
    assert "gcloud run deploy" in done["Deploy"].stdout
    assert summary.read_text().startswith("## Deployment plan: production\n")
    assert "gcloud run deploy" in summary.read_text()


@pytest.mark.timeout(600)
def test_faults_fail_their_step(tmp_path: Path) -> None:
    project = tmp_path / "shop"
    assert edge(tmp_path, "init", "shop", "--ci", "github").returncode == 0
    workflow = read_workflow(project / ".github/workflows/edge.yml")
    steps = {**shell_steps(workflow, "check"), **shell_steps(workflow, "plan")}
    (project / "functions/hello/main.py").write_text("import os\nraise RuntimeError\n(")
    variables = {"RUNNER_TEMP": str(tmp_path), "GITHUB_STEP_SUMMARY": str(tmp_path / "s.md")}

    done = {
        name: run_step(project, steps[name], **variables)
        for name in ("Lint", "Tests", "Plan production")
    }

    assert {name: d.returncode != 0 for name, d in done.items()} == dict.fromkeys(done, True)
    assert "Nothing was done." in done["Plan production"].stdout
