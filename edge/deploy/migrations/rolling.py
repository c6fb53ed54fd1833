"""The order of a rolling change: what adds, then the functions, then what removes.

Two bundles run at the same time while functions are deployed: the one that is there must get by
with what the first migrations made, the new one with what the last leave.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from edge.deploy.migrations.calls import Calls
from edge.deploy.migrations.removals import Removal, adds, find_removals
from edge.deploy.migrations.routines import Routines, apply_statement
from edge.errors import DeployError


@dataclass(frozen=True, slots=True)
class File:
    """A migration: its file's name and its statements."""

    name: str
    statements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bundles:
    """Which calls functions make, by slug: `new` ones that are deployed now, `old` ones that run.

    A slug of `old` with None is deployed, without a record of its calls; `staying` are deployed
    and not replaced now.
    """

    new: Mapping[str, Calls]
    old: Mapping[str, Calls | None] = field(default_factory=dict[str, "Calls | None"])
    staying: Mapping[str, Calls] = field(default_factory=dict[str, "Calls"])


@dataclass(frozen=True, slots=True)
class Order:
    """The migrations before and after the functions; `removals` by the name of the file."""

    before: tuple[str, ...]
    after: tuple[str, ...]
    removals: Mapping[str, tuple[Removal, ...]]


def functions_after(routines: Routines, files: Sequence[File]) -> Routines:
    """Return the SQL functions that there are after the migrations."""
    for file in files:
        for statement in file.statements:
            routines = apply_statement(routines, statement)
    return routines


def plan_order(applied: Sequence[File], pending: Sequence[File], bundles: Bundles) -> Order:
    """Split the pending migrations, and check what each bundle calls at each time.

    Where nothing is deployed yet, all of them come first.
    Raises DeployError for what no order makes right.
    """
    made: set[str] = set()
    removals = {file.name: tuple(find_removals(file.statements, made)) for file in pending}
    first = next((n for n, file in enumerate(pending) if removals[file.name]), len(pending))
    if not bundles.old and not bundles.staying:
        first = len(pending)  # nothing runs yet that could miss anything
    before, after = pending[:first], pending[first:]
    there = functions_after({}, applied)
    middle = functions_after(there, before)
    last = functions_after(middle, after)
    faults = list(_find_faults(bundles, (there, middle, last), after))
    if late := [
        file.name for file in after[1:] if adds(file.statements) and not removals[file.name]
    ]:
        faults.append(
            f"{', '.join(late)} would come after the functions: {after[0].name} before it removes "
            f"({removals[after[0].name][0].statement})."
        )
    if faults:
        raise DeployError(
            "\n".join([*faults, "Nothing was done."]),
            cure="Write what removes into a migration of its own, later than all that add; give a "
            "changed SQL function a new name (…_v2), and drop the former when nothing calls it.",
        )
    shown = {file.name: removals[file.name] for file in after if removals[file.name]}
    return Order(tuple(f.name for f in before), tuple(f.name for f in after), shown)


def _find_faults(
    bundles: Bundles, states: tuple[Routines, Routines, Routines], after: Sequence[File]
) -> Iterator[str]:
    there, middle, last = states
    more = f" and {len(after) - 1} more" if len(after) > 1 else ""
    removing = f"{after[0].name}{more}" if after else "a migration"
    for slug, calls in bundles.old.items():
        for name, given in _sorted(_every_call(there) if calls is None else calls):
            if _fits(there, name, given) and not _fits(middle, name, given):
                may = "may call, as nothing says what it calls," if calls is None else "calls"
                yield f"{slug}, which is deployed, {may} {_show(name, given)}: it changes first."
    for slug, calls in bundles.new.items():
        yield from _find_new_faults(slug, calls, states, removing)
    for slug, calls in bundles.staying.items():
        for name, given in _sorted(calls):
            if _fits(there, name, given) and not _fits(last, name, given):
                yield (
                    f"{slug} is not deployed now and calls {_show(name, given)}, "
                    f"which {removing} takes away."
                )


def _find_new_faults(
    slug: str, calls: Calls, states: tuple[Routines, Routines, Routines], removing: str
) -> Iterator[str]:
    there, middle, last = states
    for name, given in _sorted(calls):
        if not (name in there or name in middle or name in last):
            continue  # of an extension, or made by other means
        if not _fits(middle, name, given):
            is_late = _fits(last, name, given)
            what = f"it comes with {removing} only" if is_late else "there is not one that fits"
            yield f"{slug} calls {_show(name, given)}: {what}."
        elif not _fits(last, name, given):
            yield f"{slug} calls {_show(name, given)}, which {removing} takes away."


def _every_call(routines: Routines) -> Calls:
    """What a bundle of which nothing is known could call: all in `public`, with all arguments."""
    return frozenset(
        (name, names)
        for name, signatures in routines.items()
        if "." not in name
        for signature in signatures
        for names in (frozenset(signature.names), signature.required)
        if not any(each.startswith("$") for each in names)
    )


def _fits(routines: Routines, name: str, given: frozenset[str] | None) -> bool:
    """Whether the call finds one function; for two that fit, the data API answers 300."""
    fitting = sum(signature.accepts(given) for signature in routines.get(name, ()))
    return fitting == 1 or (given is None and fitting > 1)


def _show(name: str, given: frozenset[str] | None) -> str:
    return name if given is None else f"{name}({', '.join(sorted(given))})"


def _sorted(calls: Calls) -> list[tuple[str, frozenset[str] | None]]:
    return sorted(calls, key=lambda call: (call[0], sorted(call[1] or ())))
