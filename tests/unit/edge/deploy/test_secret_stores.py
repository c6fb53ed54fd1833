"""Secrets of a target: values on standard input, never in arguments.

gcloud and kubectl are recording stand-ins.
"""

import base64
import json
from pathlib import Path

import pytest

from edge.deploy.secret_stores import KubernetesSecret, SecretManager
from edge.errors import DeployError
from edge.project.env_file import digest_secret
from tests.support.recorded_programs import RecordedPrograms
from tests.support.workloads import settings

pytestmark = pytest.mark.process


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RecordedPrograms:
    recorded = RecordedPrograms(tmp_path / "programs").install("gcloud", "kubectl")
    monkeypatch.setenv("PATH", str(recorded.path))
    return recorded


def no_argument_holds(programs: RecordedPrograms, value: str) -> bool:
    return not any(value in word for call in programs.calls() for word in call.argv)


def test_secret_manager_gets_a_new_secret_or_a_new_version(
    programs: RecordedPrograms, tmp_path: Path
) -> None:
    programs.answer("secrets list", [{"name": "projects/1/secrets/OLD"}])

    SecretManager(settings(tmp_path)).set({"OLD": "v-one", "NEW": "v-two"})

    (added,), (created,) = programs.calls("versions", "add"), programs.calls("create")
    assert (added.argv[4], added.stdin) == ("OLD", "v-one")
    assert (created.argv[3], created.stdin) == ("NEW", "v-two")
    assert created.option("labels") == "edge-project=shop"
    assert "--data-file=-" in added.argv
    assert no_argument_holds(programs, "v-")


def test_a_failure_half_way_tells_what_is_set_and_what_is_not(
    programs: RecordedPrograms, tmp_path: Path
) -> None:
    programs.answer("secrets list", "[]").answer("create TWO", stderr="quota", status=1)

    with pytest.raises(DeployError) as caught:
        SecretManager(settings(tmp_path)).set({"ONE": "1", "TWO": "2", "THREE": "3"})

    assert "TWO was not set" in str(caught.value)
    assert "quota" in str(caught.value)
    assert "Done before: ONE. Not tried: THREE." in str(caught.value)


def test_secret_manager_lists_and_removes_ours(programs: RecordedPrograms, tmp_path: Path) -> None:
    programs.answer("secrets list --filter=labels.edge-project=shop", [{"name": "a/b/MINE"}])
    store = SecretManager(settings(tmp_path))

    store.unset(["MINE"])

    assert store.read() == {"MINE": ""}
    assert programs.calls("secrets", "delete")[0].argv[3] == "MINE"


def test_a_cluster_s_secret_is_made_once_and_patched_then(
    programs: RecordedPrograms, tmp_path: Path
) -> None:
    store = KubernetesSecret(settings(tmp_path))

    store.set({"ONE": "v-one"})
    programs.answer("get --output=name", "secret/edge-functions\n")
    store.set({"TWO": "v-two"})
    store.unset(["ONE"])

    (created,) = programs.calls("create")
    assert json.loads(created.stdin)["stringData"] == {"ONE": "v-one"}
    patched, removed = programs.calls("patch")
    assert json.loads(patched.stdin) == {"stringData": {"TWO": "v-two"}}
    assert json.loads(removed.stdin) == {"data": {"ONE": None}}
    assert no_argument_holds(programs, "v-")


def test_a_cluster_tells_digests(programs: RecordedPrograms, tmp_path: Path) -> None:
    encoded = base64.b64encode(b"value").decode()
    programs.answer("get secret", {"data": {"ONE": encoded}})

    assert KubernetesSecret(settings(tmp_path)).read() == {"ONE": digest_secret("value")}
