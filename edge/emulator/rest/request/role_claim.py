"""Find the role among a token's claims by a path, as PostgREST's jwt-role-claim-key. Pure.

A path is JSON Path (`$.app.roles[0]`, `$['https://example.com/role']`, `$.roles[?(@ == 'author')]`,
`$.roles[?search(@, '^au')]`) or the older notation without `$`, whose filters also have `^==`
(starts with), `==^` (ends with) and `*==` (contains).
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

Step = str | int | Callable[[str], bool]
ClaimPath = tuple[Step, ...]

ROLE_CLAIM: Final[ClaimPath] = ("role",)
_STRING: Final = r"""(?:"([^"]*)"|'([^']*)')"""
_STEP: Final = re.compile(
    rf"""\.(?:{_STRING}|([\w-]+))"""
    rf"""|\[\s*{_STRING}\s*\]"""
    r"""|\[\s*(-?\d{1,9})\s*\]"""
    rf"""|\[\s*\?\s*\(?\s*@\s*(==\^|\^==|\*==|==|!=)\s*{_STRING}\s*\)?\s*\]"""
    rf"""|\[\s*\?\s*\(?\s*search\(\s*@\s*,\s*{_STRING}\s*\)\s*\)?\s*\]"""
)
_TESTS: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "==": str.__eq__,
    "!=": str.__ne__,
    "^==": str.startswith,
    "==^": str.endswith,
    "*==": str.__contains__,
}


def parse_claim_path(text: str) -> ClaimPath:
    """Read a path. Raises ValueError."""
    steps: list[Step] = []
    position = 1 if text.startswith("$") else 0
    while position < len(text):
        found = _STEP.match(text, position)
        if found is None:
            raise ValueError(text)
        steps.append(_read_step(found))
        position = found.end()
    if not steps:
        raise ValueError(text)
    return tuple(steps)


def _read_step(found: re.Match[str]) -> Step:
    *names, place, operator, one, other, pattern, other_pattern = found.groups()
    if place is not None:
        return int(place)
    if operator is not None:
        test, wanted = _TESTS[operator], one if one is not None else other
        return lambda value: test(value, wanted)
    search = pattern if pattern is not None else other_pattern
    if search is not None:
        try:
            expression = re.compile(search)
        except re.error as exc:
            raise ValueError(search) from exc
        return lambda value: expression.search(value) is not None
    return next(name for name in names if name is not None)


def find_claim(claims: Mapping[str, Any], path: ClaimPath) -> Any:
    """Return the first value at the path; None if there is none."""
    value: Any = claims
    for step in path:
        value = _take(value, step)
        if value is None:
            return None
    return value


def _take(value: Any, step: Step) -> Any:
    if isinstance(step, str):
        return cast("dict[str, Any]", value).get(step) if isinstance(value, dict) else None
    if not isinstance(value, list):
        return None
    entries = cast("list[Any]", value)
    if isinstance(step, int):
        return entries[step] if -len(entries) <= step < len(entries) else None
    return next((each for each in entries if isinstance(each, str) and step(each)), None)
