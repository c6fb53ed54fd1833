"""`edge deploy` and deploy.sh from the command line, with real bundles.

gcloud, kubectl and docker are recorded programs, the only ones on PATH: the tests check the
commands and their input without a cloud or cluster.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from subprocess import CompletedProcess

import httpx
import pytest
import yaml

from tests.support.cli_process import DEADLINE, edge, shell
from tests.support.paths import ROOT
from tests.support.recorded_programs import RecordedPrograms, cloud_run_service
from tests.support.waiting import PATIENCE

pytestmark = [pytest.mark.e2e, pytest.mark.process, pytest.mark.timeout(600)]
FUNCTIONS = ("structured_data", "voice_prompt", "retell_webhook", "campaign_trigger")
DEPLOY_TOML = """\
project = "shop"
optional_secrets = [
  "RETELL_WEBHOOK_SECRET",
  "retell-webhook:OPENAI_API_KEY",
  "retell-webhook:ANTHROPIC_API_KEY",
]
[variables]
SUPABASE_URL = "https://shop.supabase.co"
[cloud-run]
project = "shop-cloud"
region = "europe-west1"
[knative]
registry = "registry.example.com/shop"
[env.staging]
[env.production.cloud-run]
project = "shop-production"
"""
SECRETS = (
    *("SUPABASE_ANON_KEY", "SUPABASE_SERVICE_ROLE_KEY", "SUPABASE_JWT_SECRET"),
    *("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "RETELL_API_KEY"),
)
Edge = Callable[..., CompletedProcess[str]]


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Project with a few of this repository's functions."""
    root = tmp_path_factory.mktemp("template")
    for name in (*(f"functions/{name}" for name in FUNCTIONS), "shared"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "supabase").mkdir()
    for name in ("supabase/config.toml", "requirements.lock"):
        shutil.copy(ROOT / name, root / name)
    (root / "deploy.toml").write_text(DEPLOY_TOML)
    return root


@pytest.fixture
def project(template: Path, tmp_path: Path) -> Path:
    return shutil.copytree(template, tmp_path / "project")


@pytest.fixture
def programs(tmp_path: Path) -> RecordedPrograms:
    """Recorded programs of a cloud with all secrets and no service."""
    recorded = RecordedPrograms(tmp_path / "programs").install("gcloud", "kubectl", "docker")
    recorded.answer("list", "[]")
    recorded.answer("secrets list", [{"name": f"projects/1/secrets/{n}"} for n in SECRETS])
    recorded.answer("projects describe", "4711\n").answer("access", "service-role-key")
    recorded.answer("get json", {"items": []})
    recorded.answer("get secret template", "\n".join(SECRETS))
    return recorded


@pytest.fixture
def type_(project: Path, programs: RecordedPrograms) -> Edge:
    """Run `edge …` in the project with only the recorded programs on PATH."""

    def run(*arguments: str, path: Path = programs.path) -> CompletedProcess[str]:
        return edge(project, *arguments, environ=shell(PATH=str(path)))

    return run


def deployed(programs: RecordedPrograms) -> dict[str, dict[str, str]]:
    """Return the labels of deployed services by name."""
    return {
        call.argv[3]: dict(pair.split("=") for pair in call.option("labels").split(","))
        for call in programs.calls("run", "deploy")
    }


def as_listed(programs: RecordedPrograms) -> None:
    """Let gcloud list the deployed services and jobs from now on."""
    services = [
        cloud_run_service(name, **{key.removeprefix("edge-"): v for key, v in labels.items()})
        for name, labels in deployed(programs).items()
    ]
    programs.answer("services list", services)
    jobs = [
        {"name": f"a/b/{c.argv[5]}", "description": c.option("description")}
        for c in programs.calls("scheduler", "create")
    ]
    programs.answer("scheduler list", jobs)


def results(done: CompletedProcess[str]) -> dict[str, str]:
    return {entry["function"]: entry["result"] for entry in json.loads(done.stdout)}


def test_one_function_is_deployed_and_skipped_when_unchanged(
    type_: Edge, programs: RecordedPrograms, project: Path
) -> None:
    first = type_("deploy", "structured-data", "-o", "json")
    as_listed(programs)
    (call,) = programs.calls("run", "deploy")
    upload = Path(call.option("source"))
    files = {path.relative_to(upload).as_posix() for path in upload.rglob("*.py")}
    second = type_("deploy", "structured-data", "-o", "json")

    assert results(first) == {"structured-data": "deployed"}, first.stderr
    assert {"main.py", "functions/structured_data/main.py"} <= files
    assert not any(name.startswith(("functions/voice_prompt", "edge/emulator")) for name in files)
    assert "OPENAI_API_KEY=OPENAI_API_KEY:latest" in call.option("set-secrets")
    assert "ANTHROPIC_API_KEY" not in call.option("set-secrets")
    assert results(second) == {"structured-data": "skipped"}, second.stderr
    assert len(programs.calls("run", "deploy")) == 1


def test_the_upload_serves_as_the_buildpack_starts_it(
    type_: Edge, programs: RecordedPrograms, tmp_path: Path
) -> None:
    """`functions-framework` gets no options: FUNCTION_TARGET is the value of `--function`."""
    assert type_("deploy", "structured-data").returncode == 0
    (call,) = programs.calls("run", "deploy")
    variables = json.loads(Path(call.option("env-vars-file")).read_text())
    probe = dict(pair.split("=") for pair in call.option("startup-probe").split(","))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = shell(
        **variables, FUNCTION_TARGET=call.option("function"), PORT=str(port), HOST="127.0.0.1"
    )
    del environment["PYTHONPATH"]
    log = tmp_path / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [str(Path(sys.executable).with_name("functions-framework"))],
            cwd=call.option("source"),
            env=environment | {"SUPABASE_JWT_SECRET": "a-secret-of-at-least-thirty-two-characters"},
            stdout=out,
            stderr=out,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until_well(process, f"{url}{probe['httpGet.path']}", log)
        refused = httpx.post(url, json={}, timeout=DEADLINE)
    finally:
        process.terminate()
        process.wait(DEADLINE)

    assert (refused.status_code, refused.json()["code"]) == (401, "UNAUTHORIZED_NO_AUTH_HEADER")


def wait_until_well(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while True:
        with suppress(httpx.TransportError):
            assert httpx.get(url, timeout=PATIENCE).status_code == 200, log.read_text()
            return
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.1)


def test_all_are_deployed_with_schedules_and_changed_ones_again(
    type_: Edge, programs: RecordedPrograms, project: Path
) -> None:
    first = type_("deploy", "--all", "--jobs", "4", "-o", "json")
    (job,) = programs.calls("scheduler", "create")
    as_listed(programs)
    prompt = next((project / "functions/structured_data/prompts").iterdir())
    prompt.write_text(prompt.read_text() + "\nBe brief.\n")
    settings = project / "functions/voice_prompt/function.toml"
    settings.write_text(settings.read_text().replace("timeout = 150", "timeout = 120"))
    second = type_("deploy", "--all", "-o", "json")

    assert set(results(first).values()) == {"deployed"}, first.stderr
    assert job.argv[5] == "campaign-trigger"
    assert "Bearer service-role-key" in job.stdin
    assert not any("service-role-key" in word for c in programs.calls() for word in c.argv)
    assert results(second) == {
        "structured-data": "deployed",
        "voice-prompt": "deployed",
        "retell-webhook": "skipped",
        "campaign-trigger": "skipped",
    }


def test_a_plan_prints_all_steps_and_changes_nothing(
    type_: Edge, programs: RecordedPrograms, project: Path
) -> None:
    plan = type_("deploy", "campaign-trigger", "--plan")

    assert plan.returncode == 0, plan.stderr
    assert "gcloud run deploy campaign-trigger --source=" in plan.stdout
    assert "gcloud scheduler jobs create http campaign-trigger" in plan.stdout
    assert "service-role-key" not in plan.stdout
    assert programs.calls("deploy") == programs.calls("create") == programs.calls("access") == []
    assert not (project / ".edge").exists()


def test_a_plan_of_an_unconfigured_project_has_placeholders_and_lists_what_to_set(
    type_: Edge, programs: RecordedPrograms, project: Path
) -> None:
    (project / "deploy.toml").unlink()

    planned = type_("deploy", "structured-data", "--plan")

    assert planned.returncode == 0, planned.stderr
    assert "--project=<project>" in planned.stdout
    assert '  project = "…"\n  region = "…"' in planned.stderr
    assert "edge secrets set OPENAI_API_KEY=… --target cloud-run" in planned.stderr
    assert programs.calls() == []


def test_without_gcloud_a_plan_warns_and_a_deployment_fails_with_a_cure(
    type_: Edge, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()

    plan = type_("deploy", "voice-prompt", "--plan", path=tmp_path / "empty")
    refused = type_("deploy", "voice-prompt", path=tmp_path / "empty")

    assert (plan.returncode, "state unknown" in plan.stdout) == (0, True), plan.stderr
    assert refused.returncode == 1
    assert "https://cloud.google.com/sdk/docs/install" in refused.stderr


def test_a_partial_deployment_reports_outcomes_and_how_to_continue(
    type_: Edge, programs: RecordedPrograms
) -> None:
    programs.answer("deploy structured-data", stderr="ERROR: Build failed: quota\n", status=1)

    failed = type_(
        "deploy", "retell-webhook", "structured-data", "voice-prompt", "--jobs", "1", "-o", "json"
    )

    assert failed.returncode == 1
    assert results(failed) == {
        "retell-webhook": "deployed",
        "structured-data": "failed",
        "voice-prompt": "not tried",
    }
    assert "ERROR: Build failed: quota" in failed.stdout
    assert "edge deploy structured-data voice-prompt --target cloud-run" in failed.stderr


def test_environments_are_kept_apart(type_: Edge, programs: RecordedPrograms) -> None:
    done = type_("deploy", "voice-prompt", "--env", "production")

    assert done.returncode == 0, done.stderr
    assert programs.calls("run", "deploy")[0].option("project") == "shop-production"
    assert deployed(programs)["voice-prompt"]["edge-env"] == "production"


def test_relays_are_written_after_a_deployment(
    type_: Edge, programs: RecordedPrograms, project: Path
) -> None:
    plan = type_("deploy", "structured-data", "--relay", "--plan")
    missing = type_("relay", "write", "structured-data")
    assert type_("deploy", "structured-data").returncode == 0
    as_listed(programs)
    done = type_("deploy", "structured-data", "--relay")
    again = type_("relay", "write", "structured-data")
    listed = json.loads(type_("functions", "list", "-o", "json").stdout)

    index = (project / "supabase/functions/structured-data/index.ts").read_text()
    assert "then relays are written: supabase/functions/structured-data/index.ts" in plan.stdout
    assert (missing.returncode, "edge deploy structured-data --relay" in missing.stderr) == (
        1,
        True,
    )
    assert done.returncode == 0, done.stderr
    assert '"https://structured-data.example.com"' in index
    assert "identity" not in index
    assert "supabase functions deploy structured-data" in done.stderr
    assert (
        "[functions.structured-data]\nverify_jwt = "
        in (project / "supabase/config.toml").read_text()
    )
    assert "The relays are up to date." in again.stderr
    assert {row["status"] for row in listed} == {"ACTIVE"}


def test_relays_of_a_private_service_authenticate_themselves(
    type_: Edge, programs: RecordedPrograms, project: Path
) -> None:
    settings = project / "deploy.toml"
    private = "\n[cloud-run.functions.structured-data]\nprivate = true\n"
    private += "[cloud-run.functions.campaign-trigger]\nprivate = true\n[env.staging]"
    settings.write_text(settings.read_text().replace("\n[env.staging]", private))

    refused = type_("deploy", "campaign-trigger")
    assert type_("deploy", "structured-data").returncode == 0
    as_listed(programs)
    written = type_("relay", "write", "structured-data")

    index = (project / "supabase/functions/structured-data/index.ts").read_text()
    assert "--no-allow-unauthenticated" in programs.calls("run", "deploy")[0].argv
    assert "it cannot be private" in refused.stderr
    assert "{ identity: true }" in index
    assert "EDGE_RELAY_SERVICE_ACCOUNT" in written.stderr


def revision(name: str, created: str, digest: str, *, is_ready: bool = True) -> dict[str, object]:
    """Return a revision as gcloud and kubectl print it."""
    return {
        "metadata": {
            "name": name,
            "creationTimestamp": created,
            "labels": {"edge-digest": digest} if digest else {},
        },
        "status": {"conditions": [{"type": "Ready", "status": str(is_ready)}]},
    }


REVISIONS = [
    revision("hers-4", "2026-01-04T00:00:00Z", "aaaa4444"),
    revision("hers-3", "2026-01-03T00:00:00Z", "bbbb3333", is_ready=False),
    revision("hers-2", "2026-01-02T00:00:00Z", "cccc2222"),
    revision("hers-1", "2026-01-01T00:00:00Z", ""),
]


def test_a_service_is_rolled_back_to_its_former_bundle_until_the_next_deployment(
    type_: Edge, programs: RecordedPrograms
) -> None:
    """A pinned service is never skipped as unchanged, and its new revision gets the traffic."""
    assert type_("deploy", "voice-prompt").returncode == 0
    as_listed(programs)
    ours = cloud_run_service("voice-prompt", **labels_of(programs, "voice-prompt"))
    ours["status"]["traffic"] = [{"revisionName": "hers-4", "percent": 100}]
    ours["spec"] = {"traffic": [{"latestRevision": True, "percent": 100}]}
    programs.answer("services list", [ours]).answer("revisions list", REVISIONS)

    planned = type_("functions", "rollback", "voice-prompt", "--plan")
    before = programs.calls("update-traffic")
    done = type_("functions", "rollback", "voice_prompt")
    named = type_("functions", "rollback", "voice-prompt", "--to", "cccc", "--plan")
    unready = type_("functions", "rollback", "voice-prompt", "--to", "bbbb3333")
    serving = type_("functions", "rollback", "voice-prompt", "--to", "aaaa")
    unknown = type_("functions", "rollback", "voice-prompt", "--to", "dddd")
    (route,) = programs.calls("update-traffic")
    ours["spec"] = {"traffic": [{"revisionName": "hers-2", "percent": 100}]}
    ours["status"]["traffic"] = [{"revisionName": "hers-2", "percent": 100}]
    programs.answer("services list", [ours])
    listed = json.loads(type_("functions", "list", "--target", "cloud-run", "-o", "json").stdout)
    again = type_("deploy", "voice-prompt", "-o", "json")

    command = "gcloud run services update-traffic voice-prompt --to-revisions=hers-2=100"
    assert (command in planned.stdout, before) == (True, []), planned.stderr
    assert done.returncode == 0, done.stderr
    assert route.option("to-revisions") == "hers-2=100"
    assert "--to-revisions=hers-2=100" in named.stdout
    assert (unready.returncode, "not ready" in unready.stderr) == (1, True)
    assert "already" in serving.stderr
    assert "cccc2222" in unknown.stderr
    assert listed[0]["digest"] == "rolled back to hers-2"
    assert results(again) == {"voice-prompt": "deployed"}
    assert "--to-latest" in programs.calls("update-traffic")[-1].argv


def labels_of(programs: RecordedPrograms, name: str) -> dict[str, str]:
    return {key.removeprefix("edge-"): v for key, v in deployed(programs)[name].items()}


def test_knative_is_rolled_back_by_its_traffic(type_: Edge, programs: RecordedPrograms) -> None:
    labels = {"edge-project": "shop", "edge-env": "staging", "edge-function": "voice-prompt"}
    service = {
        "metadata": {"name": "voice-prompt", "labels": labels},
        "spec": {"traffic": [{"latestRevision": True, "percent": 100}]},
        "status": {"traffic": [{"revisionName": "hers-4", "percent": 100}]},
    }
    programs.answer("get services.serving.knative.dev json", {"items": [service]})
    programs.answer("get revisions.serving.knative.dev json", {"items": REVISIONS})

    done = type_("functions", "rollback", "voice-prompt", "--target", "knative")
    service["spec"] = {"traffic": [{"revisionName": "hers-2", "percent": 100}]}
    programs.answer("get services.serving.knative.dev json", {"items": [service]})
    again = type_("deploy", "voice-prompt", "--target", "knative", "-o", "json")

    assert done.returncode == 0, done.stderr
    back, forth = (json.loads(c.option("patch")) for c in programs.calls("patch"))
    assert back["spec"]["traffic"][0]["revisionName"] == "hers-2"
    assert results(again) == {"voice-prompt": "deployed"}, again.stderr
    assert forth["spec"]["traffic"] == [{"latestRevision": True, "percent": 100}]
    template = yaml.safe_load(programs.calls("apply")[0].stdin)["spec"]["template"]
    assert template["metadata"]["labels"]["edge-digest"]


def test_the_container_is_rolled_back_to_the_image_that_was_built_before(
    type_: Edge, programs: RecordedPrograms
) -> None:
    built = type_("deploy", "voice-prompt", "--target", "container", "--build")
    assert built.returncode == 0, built.stderr
    kept = programs.calls("build")[0].argv[5]
    tag = kept.partition(":")[2]
    rows = [
        ("sha256:2", "2026-01-02 00:00:00 +0000 UTC", "latest"),
        ("sha256:2", "2026-01-02 00:00:00 +0000 UTC", tag),
        ("sha256:1", "2026-01-01 00:00:00 +0000 UTC", "edge-cccc1111"),
    ]
    programs.answer("image ls", "\n".join("\t".join(row) for row in rows))

    done = type_("functions", "rollback", "--target", "container")
    refused = type_("functions", "rollback", "voice-prompt", "--target", "container")

    assert kept.startswith("edge-functions:edge-")
    assert done.returncode == 0, done.stderr
    former, current = programs.calls("tag")[0].argv[2:]
    assert (former, current) == ("edge-functions:edge-cccc1111", "edge-functions:latest")
    assert "one image of all functions" in refused.stderr


def test_pruning_confirms_and_removes_only_services_without_a_function(
    type_: Edge, programs: RecordedPrograms
) -> None:
    gone = cloud_run_service("gone", project="shop", env="staging", function="gone")
    programs.answer("services list", [gone, cloud_run_service("another-project-s")])

    unasked = type_("deploy", "voice-prompt", "--prune")
    done = type_("deploy", "voice-prompt", "--prune", "--yes", "-o", "json")

    assert (unasked.returncode, "--yes" in unasked.stderr) == (2, True)
    assert results(done) == {"voice-prompt": "deployed", "gone": "removed"}
    assert [call.argv[4] for call in programs.calls("services", "delete")] == ["gone"]


def test_pruning_alone_deploys_nothing_and_can_be_continued_after_a_failure(
    type_: Edge, programs: RecordedPrograms
) -> None:
    gone = cloud_run_service("gone", project="shop", env="staging", function="gone")
    programs.answer("services list", [gone]).answer("delete", stderr="busy", status=1)

    failed = type_("deploy", "--prune", "--yes", "-o", "json")

    assert (failed.returncode, results(failed)) == (1, {"gone": "failed"})
    assert "edge deploy --prune --target cloud-run" in failed.stderr
    assert programs.calls("run", "deploy") == []


def test_knative_builds_pushes_and_applies(type_: Edge, programs: RecordedPrograms) -> None:
    done = type_("deploy", "campaign-trigger", "--target", "knative", "-o", "json")

    assert results(done) == {"campaign-trigger": "deployed"}, done.stderr
    build, push = programs.calls("build")[0], programs.calls("push")[0]
    assert (Path(build.argv[-1]) / "Dockerfile").is_file()
    service, job = (yaml.safe_load(call.stdin) for call in programs.calls("apply"))
    image = service["spec"]["template"]["spec"]["containers"][0]["image"]
    assert push.argv[-1] == image == build.argv[3]
    assert job["spec"]["schedule"] == "* * * * *"


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("structured-dta",), 2, "Did you mean structured-data?"),
        (("voice-prompt", "--target", "cloudrun"), 2, "Did you mean cloud-run?"),
        (("voice-prompt", "--env", "prod"), 2, "Did you mean --env production?"),
        ((), 2, "No function is named."),
        (("voice-prompt", "--all"), 2, "Give either names or --all"),
    ],
)
def test_a_wrong_argument_is_an_error_with_a_suggestion(
    type_: Edge, programs: RecordedPrograms, arguments: tuple[str, ...], status: int, said: str
) -> None:
    refused = type_("deploy", *arguments)

    assert (refused.returncode, said in refused.stderr) == (status, True), refused.stderr
    assert programs.calls() == []


def test_a_missing_secret_stops_the_deployment_before_any_step(
    type_: Edge, programs: RecordedPrograms
) -> None:
    held = [{"name": f"a/b/{name}"} for name in SECRETS if name != "OPENAI_API_KEY"]
    programs.answer("secrets list", held)

    refused = type_("deploy", "--all")

    assert refused.returncode == 1
    assert "OPENAI_API_KEY is not set for structured-data." in refused.stderr
    assert "edge secrets set OPENAI_API_KEY=… --target cloud-run --env staging" in refused.stderr
    assert programs.calls("deploy") == []


def test_nothing_is_deployed_if_one_function_cannot_be_bundled(
    type_: Edge, programs: RecordedPrograms, project: Path
) -> None:
    (project / "functions/voice_prompt/main.py").write_text("def main(:\n")

    refused = type_("deploy", "--all")

    assert refused.returncode == 1
    assert "voice-prompt" in refused.stderr
    assert "Nothing was done." in refused.stderr
    assert programs.calls() == []


def test_a_missing_login_shows_the_programs_message(
    type_: Edge, programs: RecordedPrograms
) -> None:
    words = "ERROR: (gcloud.run.services.list) You do not currently have an active account\n"
    programs.answer("services list", stderr=words, status=1)

    refused, plan = type_("deploy", "voice-prompt"), type_("deploy", "voice-prompt", "--plan")

    assert refused.returncode == 1
    assert "You do not currently have an active account" in refused.stderr
    assert (plan.returncode, "state unknown" in plan.stdout) == (0, True)


def test_secrets_of_a_target_are_set_listed_and_removed(
    type_: Edge, programs: RecordedPrograms, project: Path
) -> None:
    programs.answer("secrets list filter", [{"name": "a/b/OPENAI_API_KEY"}])
    (project / "keys.env").write_text("SUPABASE_SERVICE_ROLE_KEY=from-file\n")
    place = ("--target", "cloud-run", "--env", "staging")

    done = type_("secrets", "set", "NEW_KEY=on-line", "--env-file", "keys.env", *place)
    listed = type_("secrets", "list", *place, "-o", "json")
    gone = type_("secrets", "unset", "OPENAI_API_KEY", *place)
    unknown = type_("secrets", "unset", "OPENAI_KEY", *place)
    mixed = type_("secrets", "list", "--target", "cloud-run", "--function", "voice-prompt")

    assert done.returncode == 0, done.stderr
    assert programs.calls("create", "NEW_KEY")[0].stdin == "on-line"
    assert programs.calls("add", "SUPABASE_SERVICE_ROLE_KEY")[0].stdin == "from-file"
    assert json.loads(listed.stdout) == [{"name": "OPENAI_API_KEY", "digest": None}]
    assert gone.returncode == 0
    assert programs.calls("delete")[0].argv[3] == "OPENAI_API_KEY"
    assert (unknown.returncode, "Did you mean OPENAI_API_KEY?" in unknown.stderr) == (2, True)
    assert mixed.returncode == 2
    assert not (project / "functions/.env").exists()


def test_services_are_listed_logged_and_removed(type_: Edge, programs: RecordedPrograms) -> None:
    service = cloud_run_service("voice-prompt", project="shop", env="staging")
    service["metadata"]["labels"] |= {
        "edge-function": "voice-prompt",
        "edge-digest": "0123456789abcdef",
    }
    programs.answer("services list", [service, cloud_run_service("other")])
    entries = [
        {"timestamp": "2", "textPayload": "later"},
        {"timestamp": "1", "textPayload": "first"},
    ]
    programs.answer("logging read", entries)
    place = ("--target", "cloud-run")

    listed = type_("functions", "list", *place, "-o", "json")
    logs = type_("functions", "logs", "voice_prompt", *place, "--level", "error", "--since", "10m")
    unasked = type_("functions", "delete", "voice-prompt", *place)
    gone = type_("functions", "delete", "voice-prompt", *place, "--yes")
    unknown = type_("functions", "delete", "other", *place, "--yes")

    assert [row["function"] for row in json.loads(listed.stdout)] == ["voice-prompt"]
    assert [line.split()[-1] for line in logs.stdout.splitlines()] == ["first", "later"]
    assert "severity>=ERROR" in programs.calls("logging")[0].argv[3]
    assert (unasked.returncode, gone.returncode) == (2, 0), gone.stderr
    assert [call.argv[4] for call in programs.calls("services", "delete")] == ["voice-prompt"]
    assert (unknown.returncode, "There are: voice-prompt" in unknown.stderr) == (1, True)


def test_logs_of_pods_and_containers_are_chosen_by_function_level_and_text(
    type_: Edge, programs: RecordedPrograms
) -> None:
    def line(severity: str, function: str, message: str) -> str:
        labels = {"logging.googleapis.com/labels": {"function": function}}
        return json.dumps({"severity": severity, "time": "t", "message": message, **labels}) + "\n"

    lines = line("ERROR", "voice-prompt", "broken") + line("INFO", "voice-prompt", "fine")
    programs.answer("docker logs", lines + line("ERROR", "other", "broken too"))
    programs.answer("docker ps", "one\ntwo\n")
    programs.answer("kubectl logs", lines)

    container = ("logs", "voice-prompt", "--target", "container", "--level", "error", "--follow")
    contained = type_(*container)
    in_pods = type_("logs", "voice-prompt", "--target", "knative", "--search", "fine", "-f")
    nameless = type_("logs", "--target", "container")

    assert contained.stdout.splitlines() == ["t  ERROR     broken"] * 2, contained.stderr
    assert in_pods.stdout.splitlines() == ["t  INFO      fine"], in_pods.stderr
    asked = {call.argv[-1]: "--follow" in call.argv for call in programs.calls("docker", "logs")}
    assert asked == {"one": True, "two": True}
    assert nameless.returncode == 2


def test_deploy_sh_runs_edge_deploy_from_any_folder(
    project: Path, programs: RecordedPrograms, tmp_path: Path
) -> None:
    """It stands at the project's root; here its edge is this checkout's."""
    shutil.copy(ROOT / "deploy.sh", project / "deploy.sh")
    bin_folder = project / ".venv/bin"
    bin_folder.mkdir(parents=True)
    (bin_folder / "edge").symlink_to(ROOT / ".venv/bin/edge")
    environment = shell(PATH=f"{programs.path}{os.pathsep}/usr/bin{os.pathsep}/bin")

    def run(*arguments: str) -> CompletedProcess[str]:
        return subprocess.run(
            [str(project / "deploy.sh"), *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=DEADLINE,
        )

    done, helped = run("voice-prompt"), run("--help")

    assert done.returncode == 0, done.stderr
    assert list(deployed(programs)) == ["voice-prompt"]
    assert "--plan" in helped.stdout


def test_deploy_sh_sets_up_a_new_clone(project: Path, tmp_path: Path) -> None:
    shutil.copy(ROOT / "deploy.sh", project / "deploy.sh")
    setup = project / "scripts/setup"
    setup.parent.mkdir()
    edge = project / ".venv/bin/edge"
    setup.write_text(f"#!/bin/sh\nmkdir -p {edge.parent} && ln -s {ROOT}/.venv/bin/edge {edge}\n")
    setup.chmod(0o755)

    helped = subprocess.run(
        [str(project / "deploy.sh")],
        cwd=tmp_path,
        env=shell(PATH=f"/usr/bin{os.pathsep}/bin"),
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE,
    )

    assert helped.returncode == 0, helped.stderr
    assert "--plan" in helped.stdout
