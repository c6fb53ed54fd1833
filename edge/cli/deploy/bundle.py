"""`edge bundle`: write a function's upload to a folder and print its size and import time."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edge.cli import options
from edge.cli.console import answers, remark
from edge.cli.exit import failing_with_status_1

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edge.deploy.bundle.build import Bundle
    from edge.deploy.bundle.import_cost import Cost

_MOST_SHOWN = 12


@failing_with_status_1
def bundle(
    names: Annotated[list[str] | None, options.function_names("The functions.")] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Every function.")] = False,
    telemetry: Annotated[
        bool, typer.Option("--telemetry", help="With what sends traces and metrics by OTLP.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Where the folders go. [.edge/bundles]")] = None,
    workdir: options.Workdir = options.HERE,
) -> None:
    """Write each function with only what it needs into a separate folder.

    Its files, the modules of shared/ that it imports, main.py, requirements.txt with hashes,
    manifest.json. The same input gives the same bytes.
    """
    from edge.cli.deploy.planning import Selection, bundle_all, choose_functions
    from edge.deploy.bundle.builder import Bundles
    from edge.deploy.bundle.import_cost import measure_costs
    from edge.project.config_toml import STATE_FOLDER

    functions = choose_functions(workdir, Selection(tuple(names or ()), everything))
    folder = out or workdir / STATE_FOLDER / "bundles"
    for workload in bundle_all(Bundles(workdir, has_telemetry=telemetry), functions):
        made = workload.bundle
        made.write(folder / made.slug)
        _show(
            made, folder / made.slug, measure_costs(folder / made.slug, made.manifest["packages"])
        )


def _show(made: "Bundle", folder: Path, costs: "Sequence[Cost]") -> None:
    size = sum(map(len, made.files.values()))
    answers.print(
        f"{made.slug}: {len(made.files)} files, {size / 1024:.0f} KB, in {folder}", highlight=False
    )
    answers.print(f"  digest {made.digest}", highlight=False)
    weight = sum(cost.size for cost in costs) / 1e6
    spent = sum(cost.import_ms or 0 for cost in costs)
    answers.print(
        f"  {len(costs)} packages, {weight:.1f} MB; {spent:.0f} ms to import them:", highlight=False
    )
    for cost in costs[:_MOST_SHOWN]:
        took = "not at start" if cost.import_ms is None else f"{cost.import_ms:.0f} ms"
        answers.print(
            f"    {cost.name + ' ' + cost.version:<32}{cost.size / 1e6:8.2f} MB  {took:>12}",
            highlight=False,
        )
    if len(costs) > _MOST_SHOWN:
        answers.print(f"    and {len(costs) - _MOST_SHOWN} more", highlight=False)
    if not made.has_hashes:
        remark("  its packages have no hashes: the project has no requirements.lock.", "yellow")
    for name in made.unused:
        remark(f"  {name} is in its requirements.txt, but nothing imports it.", "yellow")
