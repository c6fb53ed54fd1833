"""First stages of `edge deploy`: select functions, bundle them, plan against the target."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from edge.cli.console import remark
from edge.cli.deploy.target import Destination, open_destination
from edge.cli.functions.lookup import find_function, require_functions
from edge.deploy.bundle.builder import Bundles
from edge.deploy.plan import CurrentState, DeployRequest, Plan, make_plan
from edge.deploy.programs import ProgramFailed, find_builder
from edge.deploy.settings import SINGLE_ENVIRONMENT, Settings, TargetName, is_credential
from edge.deploy.targets.container import Container
from edge.deploy.workload import Workload
from edge.errors import DeployError, EdgeError
from edge.project.config_toml import STATE_FOLDER
from edge.project.limits import MEGABYTE
from edge.project.manifest import Function

_BUNDLERS = 4


@dataclass(frozen=True, slots=True)
class Selection:
    """Which functions to deploy: `names` or `everything`; `prunes` and `forces` as the options."""

    names: tuple[str, ...]
    everything: bool
    prunes: bool = False
    forces: bool = False


def choose_functions(workdir: Path, selection: Selection) -> list[Function]:
    """Return the selected functions without duplicates; none if only --prune was given.

    Raises EdgeError for an empty or contradictory selection, DeployError for faulty functions.
    """
    if selection.everything and selection.names:
        raise EdgeError("Give either names or --all, not both.")
    if not selection.everything and not selection.names and not selection.prunes:
        raise EdgeError("No function is named.", cure="Name one or more functions, or use --all.")
    if selection.everything:
        chosen = [f for f in require_functions(workdir).values() if f.manifest.enabled or f.fault]
    else:
        named = (find_function(workdir, name) for name in selection.names)
        chosen = list({function.slug: function for function in named}.values())
    _require_deployable(chosen)
    if not chosen and not selection.prunes:
        raise EdgeError(f"There is no function in {workdir.resolve() / 'functions'}.")
    return chosen


def _require_deployable(functions: Sequence[Function]) -> None:
    faults = [function.fault for function in functions if function.fault]
    faults += [
        f"{function.slug} is not enabled in its function.toml."
        for function in functions
        if not function.manifest.enabled
    ]
    if faults:
        raise DeployError("\n".join([*faults, "Nothing was done."]))


def bundle_all(bundles: Bundles, functions: Sequence[Function]) -> list[Workload]:
    """Bundle every function. Raises DeployError if any of them cannot be bundled."""
    faults: list[str] = []

    def bundle(function: Function) -> Workload | None:
        try:
            return workload_of(bundles, function)
        except EdgeError as exc:
            faults.append(f"{function.slug}: {exc}")
            return None

    with ThreadPoolExecutor(_BUNDLERS) as pool:
        workloads = list(pool.map(bundle, functions))
    if faults:
        raise DeployError("\n".join([*sorted(faults), "Nothing was done."]))
    return [workload for workload in workloads if workload]


def workload_of(bundles: Bundles, function: Function) -> Workload:
    """Return the function's bundle and the settings that a platform runs it with."""
    manifest = function.manifest
    return Workload(
        bundle=bundles.of(function.slug),
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
class ImageOptions:
    """Where the build context is written (default: in .edge), and whether the image is built."""

    out: Path | None
    builds: bool
    is_dry: bool


def plan_services(
    settings: Settings, bundles: Bundles, selection: Selection, name: TargetName, *, is_dry: bool
) -> Plan:
    """Plan the deployment to a target with services. Raises EdgeError if it is not possible."""
    workdir = bundles.root
    functions = choose_functions(workdir, selection)
    everything = require_functions(workdir)
    settings.check_functions(everything)
    missing: tuple[str, ...] = ()
    if is_dry:
        settings, missing = settings.with_placeholders(name)
    destination = open_destination(workdir, settings, name)
    workloads = bundle_all(bundles, functions)
    request = DeployRequest(workloads, frozenset(everything), selection.prunes, selection.forces)
    if missing:
        _show_missing(settings, name, missing)
        named = {secret for workload in workloads for secret in workload.secrets}
        if names := sorted(filter(is_credential, named)):
            remark(f"and set the secrets: {destination.target.secret_command(names)}", "yellow")
        return make_plan(destination.target, request, lambda: None)
    read_state = _read_state_if_possible if is_dry else _read_state
    return make_plan(destination.target, request, lambda: read_state(destination, workloads))


def _show_missing(settings: Settings, name: TargetName, missing: Sequence[str]) -> None:
    """Print what must be set before this plan can be carried out."""
    remark(f"The plan has placeholders. Before deploying, write into {settings.path}:", "yellow")
    table = f"[{name}]" if settings.env == SINGLE_ENVIRONMENT else f"[env.{settings.env}.{name}]"
    remark(f"  {table}")
    for setting in missing:
        remark(f'  {setting} = "…"')


def plan_container(
    settings: Settings, workdir: Path, selection: Selection, options: ImageOptions
) -> Plan:
    """Plan the build context; it may hold functions that cannot be bundled, such as Flask-style."""
    functions = choose_functions(workdir, selection)
    if options.builds and not options.is_dry:
        find_builder().require()
    folder = options.out or workdir.resolve() / STATE_FOLDER / "deploy" / "container"
    target = Container(settings, workdir, folder)
    return target.plan((function.folder for function in functions), builds=options.builds)


def _read_state(destination: Destination, workloads: Sequence[Workload]) -> CurrentState:
    for program in destination.needed:
        program.require()
    return destination.target.read_state(workloads)


def _read_state_if_possible(
    destination: Destination, workloads: Sequence[Workload]
) -> CurrentState | None:
    """Return None if the target cannot be queried: --plan then assumes that nothing is known."""
    if not destination.reader.is_there():
        remark(f"{destination.reader.name} is not installed: the current state is unknown.")
        return None
    try:
        return destination.target.read_state(workloads)
    except ProgramFailed as exc:
        remark(f"The current state is unknown. {exc}", "yellow")
        return None
