"""Whole campaigns with everything going wrong, by seed: `python -m bench.campaign --seeds 200`.

Each seed draws organizations, campaigns and contacts, a moment near a change of the clocks, faults
of the provider, and crashes; every law of dialling is checked on the way and in the end.
`--seed N` plays one again. `--contacts 1000000` calls so many in one campaign, with nothing going
wrong, and shows what each twentieth of it took; `--after 1000000` what a dial costs after so many.
"""

import argparse
import multiprocessing
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from bench.campaign_growth import compare_growth
from bench.campaign_size import call_everyone
from tests.chaos.scenario import draw_scenario
from tests.chaos.simulation import RATE, Report, simulate


def play(seed: int, size: int, rate: float) -> Report:
    with tempfile.TemporaryDirectory(prefix="edge-campaign-") as folder:
        return simulate(draw_scenario(seed, size), Path(folder), rate=rate)


def describe(report: Report) -> str:
    """One line, and one for each law that was broken."""
    trouble = (*report.blows, *report.scenario.fault_names)
    hours = report.simulated.total_seconds() / 3600
    head = (
        f"seed {report.scenario.seed:>4}: {'ok' if not report.violations else 'BROKEN':<6}"
        f" {report.scenario.contact_count} contacts, {report.calls} calls,"
        f" {hours:.0f} h in {report.seconds:.1f} s; {', '.join(trouble)}"
    )
    return "\n".join([head, *(f"    {violation}" for violation in report.violations)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5, metavar="N", help="play seeds 1 to N")
    parser.add_argument("--first", type=int, default=1, metavar="N", help="begin with this one")
    parser.add_argument("--seed", type=int, metavar="N", help="play this one only")
    parser.add_argument("--size", type=int, default=100, metavar="N", help="contacts of a seed")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="seeds played at a time")
    parser.add_argument("--rate", type=float, default=RATE, help="simulated seconds in a real one")
    parser.add_argument("--contacts", type=int, metavar="N", help="one campaign of that size")
    parser.add_argument("--attempts", type=int, default=3, help="at most, for each of those")
    parser.add_argument("--after", type=int, metavar="N", help="a dial once N contacts are done")
    options = parser.parse_args()
    if options.after:
        compare_growth(options.after)
        return
    if options.contacts:
        call_everyone(options.contacts, options.attempts)
        return
    seeds = [options.seed] if options.seed is not None else range(options.first, options.seeds + 1)
    broken: list[int] = []
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(options.jobs, mp_context=spawn) as pool:
        played = {pool.submit(play, seed, options.size, options.rate): seed for seed in seeds}
        for done in as_completed(played):
            print(done.exception() or describe(done.result()), flush=True)
            if done.exception() or done.result().violations:
                broken.append(played[done])
    if broken:
        print(
            f"broken: {', '.join(map(str, sorted(broken)))}; play one again by --seed N", flush=True
        )
        sys.exit(1)


if __name__ == "__main__":
    main()
