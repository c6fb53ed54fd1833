"""What is compared with what, and what stands against a plan."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from edge.deploy.plan import CurrentState, DeployRequest, Plan, Rollout, Service, make_plan
from edge.deploy.rendering import render_plan
from edge.deploy.service_environment import ServiceEnvironment
from edge.deploy.settings import Settings
from edge.deploy.steps import SECRET, Run, Step, Write
from edge.deploy.workload import Workload
from edge.errors import DeployError
from tests.support.workloads import settings, workload

HELD = frozenset(("SUPABASE_ANON_KEY", "SUPABASE_SERVICE_ROLE_KEY", "OPENAI_API_KEY"))


@dataclass
class Shelf:
    """A target where deploying is putting something on a shelf; `z…` cannot stand there."""

    settings: Settings
    upkeep: tuple[Step, ...] = ()
    schedule_key: str = "CALLER_KEY"

    def service_name(self, slug: str) -> str:
        return f"my-{slug}"

    def validate(self, workload: Workload) -> Sequence[str]:
        return ["it begins with z"] if workload.slug.startswith("z") else []

    def read_state(self, workloads: Sequence[Workload]) -> CurrentState:
        raise AssertionError("the tests say what there is")

    def plan_rollout(
        self, workload: Workload, environment: ServiceEnvironment, present: CurrentState
    ) -> Rollout:
        step = Run(("put", workload.slug), "put it there")
        return Rollout(workload.bundle.digest[:4], (step,), self.upkeep)

    def plan_removal(self, service: Service, present: CurrentState) -> tuple[Step, ...]:
        return (Run(("take", service.name), "take it away"),)

    def secret_command(self, names: Sequence[str]) -> str:
        return f"tell the shelf {' '.join(names)}"


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(settings(tmp_path))


def ours(slug: str, digest: str = "", env: str = "staging") -> Service:
    return Service(f"my-{slug}", project="shop", env=env, slug=slug, digest=digest)


def present(*services: Service, secrets: frozenset[str] = HELD) -> CurrentState:
    return CurrentState({service.name: service for service in services}, secrets)


def verdicts(plan: Plan) -> dict[str, str]:
    return {change.slug: change.verdict for change in plan.changes}


def test_what_is_new_is_created_changed_is_updated_and_the_same_is_left(shelf: Shelf) -> None:
    request = DeployRequest([workload("new"), workload("changed"), workload("same")])
    digest = workload().bundle.digest[:4]
    there = present(ours("changed", "before"), ours("same", digest))

    plan = make_plan(shelf, request, lambda: there)

    assert verdicts(plan) == {"new": "create", "changed": "update", "same": "unchanged"}
    assert plan.changes[2].steps == ()


def test_force_deploys_the_same_again(shelf: Shelf) -> None:
    there = present(ours("hello", workload().bundle.digest[:4]))

    plan = make_plan(shelf, DeployRequest([workload()], forces=True), lambda: there)

    assert verdicts(plan) == {"hello": "update"}
    assert len(plan.changes[0].steps) == 1


def test_upkeep_is_done_even_where_nothing_has_changed(shelf: Shelf) -> None:
    shelf.upkeep = (Run(("dust",), "dust it"),)
    there = present(ours("hello", workload().bundle.digest[:4]))

    plan = make_plan(shelf, DeployRequest([workload()]), lambda: there)

    assert plan.changes[0].steps == shelf.upkeep


def test_pruning_takes_what_is_ours_and_has_no_function_and_nothing_else(shelf: Shelf) -> None:
    strangers = (Service("my-strange"), ours("elsewhere", env="production"))
    there = present(ours("gone"), ours("kept"), *strangers)

    plan = make_plan(shelf, DeployRequest([], frozenset({"kept"}), prunes=True), lambda: there)

    assert verdicts(plan) == {"gone": "remove"}
    assert make_plan(shelf, DeployRequest([]), lambda: there).changes == ()


@pytest.mark.parametrize("owner", ["", "another"])
def test_a_service_of_somebody_else_is_never_replaced(shelf: Shelf, owner: str) -> None:
    there = present(Service("my-hello", project=owner, env="staging"))

    with pytest.raises(DeployError, match=r"my-hello exists already.*Nothing was deployed"):
        make_plan(shelf, DeployRequest([workload()]), lambda: there)


def test_staging_never_replaces_production(shelf: Shelf) -> None:
    with pytest.raises(DeployError, match=r"belongs to shop \(production\)"):
        make_plan(
            shelf, DeployRequest([workload()]), lambda: present(ours("hello", env="production"))
        )


def test_every_missing_secret_is_told_with_its_functions_and_the_command(shelf: Shelf) -> None:
    request = DeployRequest(
        [workload("one"), workload("two", secrets=("OPENAI_API_KEY", "ANTHROPIC_API_KEY"))]
    )
    there = present(secrets=HELD - {"OPENAI_API_KEY"})

    with pytest.raises(DeployError) as caught:
        make_plan(shelf, request, lambda: there)

    assert "OPENAI_API_KEY is not set for one, two." in str(caught.value)
    assert "ANTHROPIC_API_KEY is not set for two." in str(caught.value)
    assert "tell the shelf OPENAI_API_KEY ANTHROPIC_API_KEY" in str(caught.value)


def test_who_is_called_on_a_schedule_needs_the_key_for_it(shelf: Shelf) -> None:
    work = workload(schedule="* * * * *")

    with pytest.raises(DeployError, match=r"CALLER_KEY is not set for hello\."):
        make_plan(shelf, DeployRequest([work]), present)
    assert make_plan(
        shelf, DeployRequest([work]), lambda: present(secrets=HELD | {"CALLER_KEY"})
    ).changes


def test_what_the_platform_refuses_is_told_before_it_is_asked_anything(shelf: Shelf) -> None:
    def look() -> CurrentState:
        raise AssertionError("nobody should look")

    with pytest.raises(DeployError, match="zebra: it begins with z"):
        make_plan(shelf, DeployRequest([workload(), workload("zebra")]), look)


def test_a_plan_can_be_made_where_nobody_can_say_what_there_is(shelf: Shelf) -> None:
    plan = make_plan(shelf, DeployRequest([workload()]), lambda: None)

    assert verdicts(plan) == {"hello": "unknown"}
    assert "state unknown, would be deployed" in render_plan(plan)


def test_a_plan_reads_as_commands_for_a_shell_without_any_secret(shelf: Shelf) -> None:
    from edge.deploy.plan import Change

    steps = (
        Write(Path("folder"), {"a.txt": b"12\n34"}, "write it", ("a.txt",)),
        Run(("say", "it's me"), "speak"),
        Run(("tell",), "whisper", stdin=f"key {SECRET}", secret=("read", "key")),
    )
    text = render_plan(Plan((Change("hello", "my-hello", "create", steps),), ("mind the gap",)))

    assert "# writes 1 files, 5 bytes, to folder/\n#   a.txt\n# a.txt:\n#   12\n#   34\n" in text
    assert """say 'it'"'"'s me'""" in text
    assert "# <secret> stands for what this prints: read key\ntell <<'EOF'\nkey <secret>" in text
    assert "# note: mind the gap" in text
