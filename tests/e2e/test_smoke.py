"""`edge test` against a running stack in the role of a deployment, and against none."""

import json
import subprocess

import pytest

from tests.conftest import RunningStack
from tests.support.cli_process import edge, shell
from tests.support.paths import ROOT

pytestmark = [pytest.mark.process, pytest.mark.e2e, pytest.mark.timeout(600)]


def smoke(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return edge(ROOT, "test", *arguments, environ=shell(**variables), deadline=150)


def project(stack: RunningStack) -> dict[str, str]:
    return {
        "SUPABASE_URL": stack.url,
        "SUPABASE_ANON_KEY": stack.anon_key,
        "SUPABASE_SERVICE_ROLE_KEY": stack.service_role_key,
        "RETELL_API_KEY": "local",
    }


def test_every_function_of_a_sound_deployment_passes(stack: RunningStack) -> None:
    ran = smoke("--env", "staging", "-o", "json", **project(stack))

    findings = json.loads(ran.stdout)
    assert [f for f in findings if f["verdict"] != "passed"] == []
    assert ran.returncode == 0
    folders = {path.parent.name.replace("_", "-") for path in ROOT.glob("functions/*/main.py")}
    assert {finding["function"] for finding in findings} == folders


def test_a_wrong_signing_key_fails_the_webhooks_checks(stack: RunningStack) -> None:
    variables = project(stack) | {"RETELL_API_KEY": "another"}

    ran = smoke("retell-webhook", "--env", "production", **variables)

    assert ran.returncode == 1
    assert "401 INVALID_SIGNATURE (status is not 200)" in ran.stdout
    assert "2 failed" in ran.stderr


def test_without_a_signing_key_its_checks_are_skipped(stack: RunningStack) -> None:
    variables = project(stack)
    del variables["RETELL_API_KEY"]

    ran = smoke("retell-webhook", "--env", "production", **variables)

    assert ran.returncode == 0
    assert "2 skipped" in ran.stderr


def test_a_deployment_that_does_not_answer_fails() -> None:
    keys = {"SUPABASE_ANON_KEY": "a", "SUPABASE_SERVICE_ROLE_KEY": "b"}

    ran = smoke(
        "voice-prompt",
        "--env",
        "staging",
        "--url",
        "http://127.0.0.1:9/{name}",
        "-o",
        "json",
        **keys,
    )

    assert ran.returncode == 1
    assert all(finding["got"].startswith("no response") for finding in json.loads(ran.stdout))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("voice-promt", "--env", "staging"), "Did you mean voice-prompt?"),
        (("--env", "staging"), "SUPABASE_URL"),
        (("--env", "staging", "--url", "http://127.0.0.1:9"), "SUPABASE_SERVICE_ROLE_KEY"),
    ],
)
def test_a_missing_url_or_key_is_reported(arguments: tuple[str, ...], expected: str) -> None:
    ran = smoke(*arguments)

    assert ran.returncode == 2
    assert expected in ran.stderr
    assert "Traceback" not in ran.stderr
