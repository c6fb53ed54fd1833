"""Knative's manifests, held to the schema of its Service, and the commands that apply them.

kubectl and docker are recording stand-ins.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import jsonschema
import pytest
import yaml

from edge.deploy.plan import CurrentState, Rollout, Service
from edge.deploy.service_environment import ServiceEnvironment
from edge.deploy.steps import Run, Write
from edge.deploy.targets.knative import Knative
from edge.deploy.workload import Workload
from tests.support.recorded_programs import RecordedPrograms
from tests.support.workloads import DEPLOY_TOML, settings, workload

ENVIRONMENT = ServiceEnvironment({"SUPABASE_URL": "https://x"}, ("OPENAI_API_KEY",))
SCHEMA = yaml.safe_load((Path(__file__).parent / "knative_service_schema.yaml").read_text())


def closed(schema: Any) -> Any:
    """The schema with unknown fields refused, which a cluster only drops without a word."""
    if isinstance(schema, list):
        return [closed(part) for part in cast("list[Any]", schema)]
    if not isinstance(schema, dict):
        return schema
    made = {key: closed(part) for key, part in cast("dict[str, Any]", schema).items()}
    if "properties" in made and not made.get("x-kubernetes-preserve-unknown-fields"):
        made.setdefault("additionalProperties", False)
    return made


@pytest.fixture
def target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Knative:
    programs = RecordedPrograms(tmp_path / "programs").install("docker")
    monkeypatch.setenv("PATH", str(programs.path))
    return Knative(settings(tmp_path), Path("/context"))


def plan_rollout(target: Knative, work: Workload, present: CurrentState | None = None) -> Rollout:
    return target.plan_rollout(work, ENVIRONMENT, present or CurrentState())


def documents(rollout: Rollout) -> list[dict[str, Any]]:
    """What is applied: the Service, then the CronJob if there is one."""
    steps = (*rollout.steps, *rollout.upkeep)
    return [yaml.safe_load(s.stdin) for s in steps if isinstance(s, Run) and "apply" in s.argv]


def test_the_manifest_is_what_the_crd_describes(target: Knative) -> None:
    text = DEPLOY_TOML.replace(
        "[knative]\n",
        "[knative]\nservice_account = 'runner'\nimage_pull_secret = 'pull'\nmin_scale = 1\n",
    )
    full = Knative(settings(target.settings.path.parent, text=text), target.folder)
    schema = closed(SCHEMA)

    for each in (target, full):
        jsonschema.validate(documents(plan_rollout(each, workload()))[0], schema)


def test_the_schema_would_find_a_wrong_manifest(target: Knative) -> None:
    schema = closed(SCHEMA)
    manifest = documents(plan_rollout(target, workload()))[0]
    manifest["spec"]["template"]["spec"]["containers"][0]["livenesProbe"] = {}

    with pytest.raises(jsonschema.ValidationError, match="livenesProbe"):
        jsonschema.validate(manifest, schema)


def test_a_service_scales_to_zero_by_concurrency_and_asks_its_probes(target: Knative) -> None:
    manifest = documents(plan_rollout(target, workload()))[0]
    template = manifest["spec"]["template"]
    container = template["spec"]["containers"][0]

    annotations = template["metadata"]["annotations"]
    assert annotations["autoscaling.knative.dev/min-scale"] == "0"
    assert annotations["autoscaling.knative.dev/max-scale"] == "4"
    assert annotations["autoscaling.knative.dev/target"] == "20"
    assert template["spec"]["containerConcurrency"] == 20
    assert template["spec"]["timeoutSeconds"] == 400
    assert template["spec"]["responseStartTimeoutSeconds"] == 150
    assert container["readinessProbe"]["httpGet"]["path"] == "/_internal/health"
    assert container["resources"]["limits"] == {"memory": "512Mi", "cpu": "1"}
    assert container["securityContext"]["runAsNonRoot"] is True


def test_secrets_are_referred_to_and_variables_are_told(target: Knative) -> None:
    manifest = documents(plan_rollout(target, workload()))[0]
    env = manifest["spec"]["template"]["spec"]["containers"][0]["env"]

    assert {"name": "SUPABASE_URL", "value": "https://x"} in env
    url = "http://{name}.functions.svc.cluster.local/"
    assert {"name": "EDGE_FUNCTIONS_URL", "value": url} in env
    reference = {"secretKeyRef": {"name": "edge-functions", "key": "OPENAI_API_KEY"}}
    assert {"name": "OPENAI_API_KEY", "valueFrom": reference} in env


def test_the_image_is_built_and_pushed_before_it_is_applied(target: Knative) -> None:
    rollout = plan_rollout(target, workload())

    write, build, push, apply, wait = rollout.steps
    assert isinstance(write, Write)
    assert "Dockerfile" in write.files
    runs = [step for step in (build, push, apply, wait) if isinstance(step, Run)]
    assert [step.argv[:2] for step in runs] == [
        ("docker", "build"),
        ("docker", "push"),
        ("kubectl", "apply"),
        ("kubectl", "wait"),
    ]
    image = runs[1].argv[2]
    assert image.startswith("registry.example.com/shop/hello:")
    manifest = documents(rollout)[0]
    assert manifest["spec"]["template"]["spec"]["containers"][0]["image"] == image
    assert {"--server-side", "--field-manager=edge", "--namespace=functions"} <= set(runs[2].argv)
    assert manifest["metadata"]["labels"]["edge-digest"] == rollout.digest


def test_packages_are_held_to_their_hashes_where_there_are_some(target: Knative) -> None:
    def recipe(requirements: bytes) -> str:
        made = workload()
        files = {"main.py": b"", "requirements.txt": requirements}
        write = plan_rollout(target, replace(made, bundle=replace(made.bundle, files=files))).steps[
            0
        ]
        assert isinstance(write, Write)
        return write.files["Dockerfile"].decode()

    assert "--no-deps --require-hashes -r" in recipe(b"a==1 --hash=sha256:00\n")
    assert "--no-deps" not in recipe(b"a==1\n")


def test_an_image_changes_with_its_bundle_and_not_with_its_settings(target: Knative) -> None:
    def image(work: Workload) -> str:
        return documents(plan_rollout(target, work))[0]["spec"]["template"]["spec"]["containers"][
            0
        ]["image"]

    assert image(workload()) == image(workload(memory=512))
    assert image(workload()) != image(workload(content=b"two"))
    assert (
        plan_rollout(target, workload()).digest != plan_rollout(target, workload(memory=512)).digest
    )


def test_a_schedule_is_a_cron_job_with_its_key_from_the_secret(target: Knative) -> None:
    work = workload(schedule="*/5 * * * *", schedule_body='{"a": 1}')

    job = documents(plan_rollout(target, work))[1]

    assert (job["kind"], job["metadata"]["name"]) == ("CronJob", "hello-schedule")
    assert (job["spec"]["schedule"], job["spec"]["concurrencyPolicy"]) == ("*/5 * * * *", "Forbid")
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    env = {entry["name"]: entry for entry in pod["containers"][0]["env"]}
    assert env["URL"]["value"] == "http://hello.functions.svc.cluster.local/"
    assert env["KEY"]["valueFrom"]["secretKeyRef"]["key"] == "SUPABASE_SERVICE_ROLE_KEY"


def test_a_cron_job_that_was_lost_is_made_again_and_one_too_many_goes(target: Knative) -> None:
    scheduled = workload(schedule="* * * * *")
    job = documents(plan_rollout(target, scheduled))[1]
    there = CurrentState(schedules={"hello": job["metadata"]["labels"]["edge-digest"]})

    (gone,) = plan_rollout(target, workload(), there).upkeep

    assert isinstance(gone, Run)
    assert gone.argv[1:4] == ("delete", "cronjobs.batch", "hello-schedule")
    assert plan_rollout(target, scheduled, there).upkeep == ()
    assert len(plan_rollout(target, scheduled, CurrentState(schedules={"hello": "x"})).upkeep) == 1


def test_what_kubernetes_would_refuse_is_known_before(target: Knative) -> None:
    assert "does not accept the service name a_b" in target.validate(workload("a_b"))[0]
    assert "at most once a minute" in target.validate(workload(schedule="5 seconds"))[0]
    too_long = workload("a" * 50, schedule="* * * * *")
    assert "is too long for a CronJob" in target.validate(too_long)[0]


@pytest.mark.process
def test_what_is_there_is_read_from_kubectl(
    target: Knative, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = RecordedPrograms(tmp_path / "kubernetes").install("kubectl")
    monkeypatch.setenv("PATH", str(programs.path))
    labels = {"edge-project": "shop", "edge-env": "staging", "edge-function": "hello"}
    labels["edge-digest"] = "abc"
    ready = {"url": "http://h", "conditions": [{"type": "Ready", "status": "True"}]}
    programs.answer(
        "get services.serving.knative.dev",
        {
            "items": [
                {"metadata": {"name": "hello", "labels": labels}, "status": ready},
                {"metadata": {"name": "half", "labels": labels}, "status": {}},
            ]
        },
    )
    programs.answer("get cronjobs.batch", {"items": [{"metadata": {"name": "hello-schedule"}}]})
    programs.answer("get secret", "OPENAI_API_KEY\nOTHER\n")

    present = target.read_state([])

    hello = Service("hello", "shop", "staging", "hello", "abc", "http://h")
    assert present.services["hello"] == hello
    assert present.services["half"].digest == ""
    assert (present.secrets, present.schedules) == ({"OPENAI_API_KEY", "OTHER"}, {"hello": ""})
    assert all("--namespace=functions" in call.argv for call in programs.calls())


def test_a_manifest_reads_as_people_write_them(target: Knative) -> None:
    rollout = plan_rollout(target, workload(schedule="* * * * *"))
    texts = [s.stdin for s in (*rollout.steps, *rollout.upkeep) if isinstance(s, Run)]

    assert not any("&id" in text for text in texts)
    assert "- |" in "".join(texts)
