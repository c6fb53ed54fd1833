"""`edge deploy --relay`: relays of what was deployed, once it is."""

from dataclasses import replace
from pathlib import Path

from edge.cli.deploy.planning import Selection, choose_functions
from edge.cli.relay.writing import Addresses, find_relays, write_all
from edge.deploy.plan import Plan


def note_relays(plan: Plan) -> Plan:
    """Return the plan with a note of the files that are written after it."""
    slugs = [c.slug for c in plan.changes if c.is_function and c.verdict != "remove"]
    paths = ", ".join(f"supabase/functions/{slug}/index.ts" for slug in slugs)
    note = f"then relays are written: {paths or 'one for each function'}"
    return replace(plan, notes=(*plan.notes, note))


def write_relays_of(
    workdir: Path, selection: Selection, target: str | None, env: str | None
) -> None:
    """Write the relays of the selected functions, at the URLs that the target names."""
    functions = choose_functions(workdir, selection)
    if functions:
        relays = find_relays(workdir, functions, Addresses(None, target, env))
        write_all(workdir, functions, relays, force=False)
