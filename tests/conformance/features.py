"""The features that cases show, and the tables of COMPATIBILITY.md that are generated from them.

`features.json` of a service names for each feature what is to be said of it and its cases: a file,
a case as `file: description`, or several with a `*` at the end. `gaps.json` names the cases that
fail, with the reason.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).parent
SERVICES: Final = ("rest", "auth")
_STATES: Final = {True: "no", False: "partial"}


@dataclass(frozen=True, slots=True)
class Feature:
    """A row of the table: how many of its cases fail, of how many."""

    name: str
    here: str
    failing: int
    cases: int

    @property
    def state(self) -> str:
        return "yes" if not self.failing else _STATES[self.failing == self.cases]


def find_cases(service: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the id and the data of each case."""
    for path in sorted((HERE / service / "cases").glob("*.json")):
        for case in json.loads(path.read_text()):
            yield f"{path.stem}: {case['description']}", case


def find_gaps(service: str) -> Mapping[str, str]:
    """Return the cases that fail, with the reason."""
    return json.loads((HERE / service / "gaps.json").read_text())


def find_features(service: str) -> list[Feature]:
    """Return the features in their order; raises ValueError for a case that belongs to none."""
    described = json.loads((HERE / service / "features.json").read_text())
    owners = {pattern: each["feature"] for each in described for pattern in each["cases"]}
    gaps = find_gaps(service)
    counted: dict[str, list[bool]] = {each["feature"]: [] for each in described}
    for case_id, _ in find_cases(service):
        counted[_find_owner(owners, case_id)].append(case_id in gaps)
    return [
        Feature(each["feature"], each["here"], sum(failing), len(failing))
        for each, failing in zip(described, counted.values(), strict=True)
    ]


def render_table(service: str) -> str:
    """Return the service's table in Markdown."""
    rows = [
        f"| {each.name} | {each.state} | {_count(each)} | {each.here} |"
        for each in find_features(service)
    ]
    return "\n".join(["| what | served | cases | here |", "|---|---|---|---|", *rows])


def write_tables(document: str) -> str:
    """Return COMPATIBILITY.md with its tables generated anew."""
    for service in SERVICES:
        begin = f"<!-- generated from tests/conformance/{service} by scripts/compatibility -->\n"
        before, _, rest = document.partition(begin)
        _, end, after = rest.partition("<!-- end -->")
        document = f"{before}{begin}{render_table(service)}\n{end}{after}"
    return document


def _find_owner(owners: Mapping[str, str], case_id: str) -> str:
    """Return the feature that names the case most exactly."""
    wildcards = [
        pattern
        for pattern in owners
        if pattern.endswith("*") and case_id.startswith(pattern.removesuffix("*"))
    ]
    for pattern in (case_id, *wildcards, case_id.partition(":")[0]):
        if pattern in owners:
            return owners[pattern]
    raise ValueError(f"features.json names no feature for the case {case_id}")


def _count(feature: Feature) -> str:
    passing = feature.cases - feature.failing
    return f"{passing} of {feature.cases}" if feature.failing else str(feature.cases)


if __name__ == "__main__":
    _DOCUMENT = HERE.parents[1] / "COMPATIBILITY.md"
    _DOCUMENT.write_text(write_tables(_DOCUMENT.read_text()))
