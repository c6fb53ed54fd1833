"""The commands for Cloud Run, and what gcloud's answers mean. gcloud is a recording stand-in."""

import json
from pathlib import Path
from typing import Any

import pytest

from edge.deploy.plan import CurrentState, Rollout, Service
from edge.deploy.service_environment import ServiceEnvironment
from edge.deploy.settings import Settings
from edge.deploy.steps import SECRET, Run, Write
from edge.deploy.targets.cloud_run import CloudRun
from edge.deploy.workload import Workload
from tests.support.recorded_programs import RecordedPrograms, cloud_run_service
from tests.support.workloads import DEPLOY_TOML, settings, workload

ENVIRONMENT = ServiceEnvironment(
    {"SUPABASE_URL": "https://x"}, ("OPENAI_API_KEY", "SUPABASE_SERVICE_ROLE_KEY")
)


def plan_rollout(
    read: Settings, work: Workload | None = None, present: CurrentState | None = None
) -> Rollout:
    target = CloudRun(read, Path("/context"))
    return target.plan_rollout(work or workload(), ENVIRONMENT, present or CurrentState())


def options(rollout: Rollout) -> dict[str, str]:
    deploy = rollout.steps[1]
    assert isinstance(deploy, Run)
    return {name: value for name, _, value in (word.partition("=") for word in deploy.argv)}


def test_a_function_is_deployed_with_what_its_function_toml_asks_for(tmp_path: Path) -> None:
    rollout = plan_rollout(settings(tmp_path))
    given = options(rollout)

    write, deploy = rollout.steps
    assert isinstance(deploy, Run)
    assert deploy.argv[:4] == ("gcloud", "run", "deploy", "hello")
    assert isinstance(write, Write)
    assert given["--source"] == "/context/hello/source"
    assert (given["--function"], given["--base-image"]) == ("main", "python311")
    assert (given["--project"], given["--region"]) == ("shop-cloud", "europe-west1")
    assert (given["--memory"], given["--concurrency"], given["--timeout"]) == ("512Mi", "20", "400")
    assert (given["--min-instances"], given["--max-instances"]) == ("0", "4")
    assert "--allow-unauthenticated" in given
    assert "--no-cpu-throttling" in given
    assert given["--set-secrets"] == (
        "OPENAI_API_KEY=OPENAI_API_KEY:latest,"
        "SUPABASE_SERVICE_ROLE_KEY=SUPABASE_SERVICE_ROLE_KEY:latest"
    )
    assert "httpGet.path=/_internal/health" in given["--startup-probe"]
    labels = given["--labels"]
    assert f"edge-digest={rollout.digest}" in labels
    assert "edge-env=staging,edge-function=hello,edge-project=shop" in labels


def test_the_upload_is_the_bundle_and_the_variables_stand_beside_it(tmp_path: Path) -> None:
    write = plan_rollout(settings(tmp_path)).steps[0]

    assert isinstance(write, Write)
    assert set(write.files) == {
        "source/main.py",
        "source/requirements.txt",
        "source/.gcloudignore",
        "variables.yaml",
    }
    variables = json.loads(write.files["variables.yaml"])
    assert variables["FUNCTION_USE_ASGI"] == "true"
    assert variables["SUPABASE_URL"] == "https://x"
    assert variables["EDGE_FUNCTIONS_URL"] == "https://{name}-PROJECT_NUMBER.europe-west1.run.app/"


def changed(tmp_path: Path, **changes: Any) -> bool:
    read = settings(tmp_path)
    return plan_rollout(read).digest != plan_rollout(read, workload(**changes)).digest


def test_the_digest_changes_with_all_that_is_deployed_and_with_nothing_else(
    tmp_path: Path,
) -> None:
    read = settings(tmp_path)
    dearer = settings(tmp_path, text=DEPLOY_TOML.replace("min_instances = 2", "cpu = '2'"))

    assert not changed(tmp_path)
    assert changed(tmp_path, content=b"two")
    assert changed(tmp_path, memory=512)
    assert not changed(tmp_path, schedule="* * * * *")  # its job has a digest of its own
    assert (
        plan_rollout(read, workload("busy")).digest != plan_rollout(dearer, workload("busy")).digest
    )
    elsewhere = CloudRun(read, Path("/elsewhere")).plan_rollout(
        workload(), ENVIRONMENT, CurrentState()
    )
    assert elsewhere.digest == plan_rollout(read).digest


def test_settings_of_one_function_prefixes_and_arguments_are_passed_on(tmp_path: Path) -> None:
    text = DEPLOY_TOML.replace(
        "[cloud-run]\n",
        "[cloud-run]\nname_prefix = 's-'\nsecret_prefix = 'S_'\ncpu_throttling = true\n"
        "service_account = 'me@shop'\narguments = ['--ingress=internal']\n",
    )
    given = options(plan_rollout(settings(tmp_path, text=text), workload("busy")))

    assert "s-busy" in given
    assert given["--min-instances"] == "2"
    assert given["--set-secrets"].startswith("OPENAI_API_KEY=S_OPENAI_API_KEY:latest")
    assert (given["--service-account"], given["--ingress"]) == ("me@shop", "internal")
    assert "--cpu-throttling" in given


def test_a_schedule_becomes_a_job_whose_key_is_in_no_argument(tmp_path: Path) -> None:
    work = workload(schedule="*/5 * * * *", schedule_body='{"a": 1}')

    (job,) = plan_rollout(settings(tmp_path), work, CurrentState(number="123")).upkeep

    assert isinstance(job, Run)
    assert job.argv[:6] == ("gcloud", "scheduler", "jobs", "create", "http", "hello")
    assert "--schedule=*/5 * * * *" in job.argv
    assert "--uri=https://hello-123.europe-west1.run.app/" in job.argv
    assert '--message-body={"a": 1}' in job.argv
    assert json.loads(job.stdin)["--headers"]["Authorization"] == f"Bearer {SECRET}"
    assert "--secret=SUPABASE_SERVICE_ROLE_KEY" in job.secret


def test_a_job_that_differs_is_updated_and_one_that_does_not_is_left(tmp_path: Path) -> None:
    work = workload(schedule="* * * * *")
    (created,) = plan_rollout(settings(tmp_path), work).upkeep
    assert isinstance(created, Run)
    description = next(word for word in created.argv if word.startswith("--description="))
    digest = description.rpartition("edge-digest=")[2]

    (updated,) = plan_rollout(
        settings(tmp_path), work, CurrentState(schedules={"hello": "other"})
    ).upkeep
    left = plan_rollout(settings(tmp_path), work, CurrentState(schedules={"hello": digest})).upkeep

    assert isinstance(updated, Run)
    assert (created.argv[3], updated.argv[3]) == ("create", "update")
    assert "--update-headers" in updated.stdin
    assert left == ()


def test_a_schedule_that_is_gone_takes_its_job_along(tmp_path: Path) -> None:
    there = CurrentState(schedules={"hello": "x"})
    rollout = plan_rollout(settings(tmp_path), workload(), there)
    removal = CloudRun(settings(tmp_path), tmp_path).plan_removal(Service("hello"), there)

    assert [s.argv[1:4] for s in rollout.upkeep if isinstance(s, Run)] == [
        ("scheduler", "jobs", "delete")
    ]
    assert [s.argv[1:4] for s in removal if isinstance(s, Run)] == [
        ("scheduler", "jobs", "delete"),
        ("run", "services", "delete"),
    ]


@pytest.mark.parametrize(
    ("work", "fault"),
    [
        (workload("Hello"), "does not accept the service name Hello"),
        (workload("a" * 50), "at most 49 characters"),
        (workload(schedule="30 seconds"), "at most once a minute"),
    ],
)
def test_what_cloud_run_would_refuse_is_known_before(
    tmp_path: Path, work: Workload, fault: str
) -> None:
    assert fault in CloudRun(settings(tmp_path), tmp_path).validate(work)[0]


@pytest.mark.process
def test_what_is_there_is_read_from_gcloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = RecordedPrograms(tmp_path / "programs").install("gcloud")
    monkeypatch.setenv("PATH", str(programs.path))
    mine = cloud_run_service("hello", project="shop", env="staging", digest="abc", function="hello")
    programs.answer("services list", [mine, cloud_run_service("other")])
    programs.answer("secrets list", [{"name": "projects/1/secrets/OPENAI_API_KEY"}])
    programs.answer(
        "scheduler list",
        [
            {"name": "a/jobs/hello", "description": "edge-project=shop edge-digest=abc"},
            {"name": "a/jobs/their", "description": "edge-project=else edge-digest=abc"},
            {"name": "a/jobs/other", "description": "somebody's"},
            {"name": "a/jobs/plain"},
        ],
    )
    programs.answer("projects describe", "4711\n")

    present = CloudRun(settings(tmp_path), tmp_path).read_state([workload(schedule="* * * * *")])

    assert present.services["hello"] == Service(
        "hello", "shop", "staging", "hello", "abc", "https://hello.example.com"
    )
    assert present.services["other"].project == ""
    assert present.secrets == {"OPENAI_API_KEY"}
    assert present.schedules == {"hello": "abc"}
    assert present.number == "4711"
    assert all("--project=shop-cloud" in c.argv or "describe" in c.argv for c in programs.calls())


@pytest.mark.process
def test_a_deployment_that_never_became_ready_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = RecordedPrograms(tmp_path / "programs").install("gcloud").answer("list", "[]")
    monkeypatch.setenv("PATH", str(programs.path))
    broken = cloud_run_service("hello", project="shop", env="staging", digest="abc")
    broken["status"]["conditions"][0]["status"] = "False"
    programs.answer("services list", [broken])

    present = CloudRun(settings(tmp_path), tmp_path).read_state([])

    assert present.services["hello"].digest == ""
