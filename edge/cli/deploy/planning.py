"""What `edge deploy` does: read the functions, bundle them, plan, and carry the plan out."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from edge.cli.console import remark
from edge.cli.deploy.target import Destination, open_destination
from edge.cli.functions.lookup import find_function, require_functions
from edge.deploy.bundle.build import build_bundle
from edge.deploy.plan import CurrentState, DeployRequest, Plan, make_plan
from edge.deploy.programs import ProgramFailed, find_builder
from edge.deploy.settings import Settings, TargetName
from edge.deploy.targets.container import Container
from edge.deploy.workload import Workload
from edge.errors import DeployError, EdgeError
from edge.project.config_toml import STATE_FOLDER
from edge.project.limits import MEGABYTE
from edge.project.manifest import Function

_BUNDLERS = 4


@dataclass(frozen=True, slots=True)
class Order:
    """Which functions, and how."""

    names: tuple[str, ...]
    everything: bool
    prunes: bool = False
    forces: bool = False


def choose_functions(workdir: Path, order: Order) -> list[Function]:
    """The functions to deploy, none where only pruning is asked; named twice counts once."""
    if order.everything and order.names:
        raise EdgeError("Either names or --all, not both.")
    if not order.everything and not order.names and not order.prunes:
        raise EdgeError("No function is named.", cure="Name some, or all of them: --all")
    if order.everything:
        chosen = [f for f in require_functions(workdir).values() if f.manifest.enabled or f.fault]
    else:
        named = (find_function(workdir, name) for name in order.names)
        chosen = list({function.slug: function for function in named}.values())
    _require_sound(chosen)
    if not chosen and not order.prunes:
        raise EdgeError(f"There is no function in {workdir.resolve() / 'functions'}.")
    return chosen


def _require_sound(functions: Sequence[Function]) -> None:
    faults = [function.fault for function in functions if function.fault]
    faults += [
        f"{function.slug} is not enabled in its function.toml."
        for function in functions
        if not function.manifest.enabled
    ]
    if faults:
        raise DeployError("\n".join([*faults, "Nothing was done."]))


def bundle_all(workdir: Path, functions: Sequence[Function]) -> list[Workload]:
    """Every function with its bundle; if one cannot be bundled, none is deployed."""
    faults: list[str] = []

    def bundle(function: Function) -> Workload | None:
        try:
            return workload_of(workdir, function)
        except EdgeError as exc:
            faults.append(f"{function.slug}: {exc}")
            return None

    with ThreadPoolExecutor(_BUNDLERS) as pool:
        workloads = list(pool.map(bundle, functions))
    if faults:
        raise DeployError("\n".join([*sorted(faults), "Nothing was done."]))
    return [workload for workload in workloads if workload]


def workload_of(workdir: Path, function: Function) -> Workload:
    """The function as a platform is to run it."""
    manifest = function.manifest
    return Workload(
        bundle=build_bundle(workdir, function.slug),
        memory=manifest.memory_bytes // MEGABYTE,
        timeout=manifest.timeout,
        wall_clock=manifest.wall_clock,
        concurrency=1 if manifest.policy == "oneshot" else manifest.concurrency,
        max_instances=manifest.max_workers,
        secrets=manifest.secrets,
        schedule=manifest.schedule,
        schedule_body=manifest.schedule_body,
    )


@dataclass(frozen=True, slots=True)
class Context:
    """Where an image's build context goes, and whether it is built."""

    out: Path | None
    builds: bool
    is_dry: bool


def plan_services(
    settings: Settings, workdir: Path, order: Order, name: TargetName, *, is_dry: bool
) -> Plan:
    """What would be done at a target with services; whatever stands against it is an error."""
    functions = choose_functions(workdir, order)
    everything = require_functions(workdir)
    settings.check_functions(everything)
    destination = open_destination(workdir, settings, name)
    workloads = bundle_all(workdir, functions)
    request = DeployRequest(workloads, frozenset(everything), order.prunes, order.forces)
    look = _look_if_possible if is_dry else _look
    return make_plan(destination.target, request, lambda: look(destination, workloads))


def plan_container(settings: Settings, workdir: Path, order: Order, context: Context) -> Plan:
    """What would be written; what cannot be bundled alone, as Flask-style functions, may go too."""
    functions = choose_functions(workdir, order)
    if context.builds and not context.is_dry:
        find_builder().require()
    folder = context.out or workdir.resolve() / STATE_FOLDER / "deploy" / "container"
    target = Container(settings, workdir, folder)
    return target.plan((function.folder for function in functions), builds=context.builds)


def _look(destination: Destination, workloads: Sequence[Workload]) -> CurrentState:
    for program in destination.needed:
        program.require()
    return destination.target.read_state(workloads)


def _look_if_possible(
    destination: Destination, workloads: Sequence[Workload]
) -> CurrentState | None:
    """A plan is worth having also where the target cannot be asked."""
    if not destination.reader.is_there():
        remark(f"{destination.reader.name} is not installed: the present state is unknown.")
        return None
    try:
        return destination.target.read_state(workloads)
    except ProgramFailed as exc:
        remark(f"The present state is unknown. {exc}", "yellow")
        return None
