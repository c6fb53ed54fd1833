"""Choose the former bundle of a function among the revisions that a platform keeps. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass

from edge.errors import DeployError


@dataclass(frozen=True, slots=True)
class Revision:
    """One deployment of a service that the platform keeps; `digest` is empty if edge made none."""

    name: str
    digest: str
    created: str = ""
    is_ready: bool = True
    is_serving: bool = False


def choose_former(service: str, revisions: Sequence[Revision], wanted: str | None) -> Revision:
    """Return the revision to go back to: the one that served before, or that of a digest.

    Raises DeployError if there is none.
    """
    ordered = sorted(revisions, key=lambda each: each.created, reverse=True)
    serving = next((each for each in ordered if each.is_serving), None)
    if wanted:
        return _find(service, ordered, wanted)
    if serving is None:
        raise DeployError(
            f"No revision of {service} serves.", cure=f"Name its digest: --to\n{_list(ordered)}"
        )
    for each in ordered[ordered.index(serving) + 1 :]:
        if each.is_ready and each.digest and each.digest != serving.digest:
            return each
    raise DeployError(f"There is no former bundle of {service} to go back to.\n{_list(ordered)}")


def _find(service: str, revisions: Sequence[Revision], wanted: str) -> Revision:
    found = [e for e in revisions if e.name == wanted or (e.digest and e.digest.startswith(wanted))]
    # The same bundle may have been deployed twice: the newest revision of it serves.
    if not found or len({each.digest for each in found}) > 1:
        problem = "Several bundles begin" if found else "There is no bundle of a digest that begins"
        raise DeployError(f"{problem} with {wanted}, of {service}.\n{_list(revisions)}")
    ready = [each for each in found if each.is_ready]
    if not ready:
        raise DeployError(f"{found[0].name} of {service} is not ready, and would not serve.")
    if any(each.is_serving for each in ready):
        raise DeployError(f"{service} serves {wanted} already.")
    return ready[0]


def _list(revisions: Sequence[Revision]) -> str:
    lines = [
        f"  {each.digest[:12] or 'not by edge':<12}  {each.name}  {each.created}"
        f"{'  serves' if each.is_serving else ''}{'' if each.is_ready else '  not ready'}"
        for each in revisions
    ]
    return "\n".join(["There are:", *lines] if lines else ["There are none."])
