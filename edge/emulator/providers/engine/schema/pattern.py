"""Generation of a short string that matches a regular expression."""

import re
from dataclasses import dataclass

_ESCAPES = {"d": "0", "w": "a", "s": " ", "n": "\n", "t": "\t", "D": "a", "W": "-", "S": "a"}
_ANCHORS = frozenset("bBAZz")
_COUNT = re.compile(r"\{(\d*)(,?)(\d*)\}")
_GROUP_PREFIX = re.compile(r"\?(?:P?<[A-Za-z_]\w*>|:|[imsxau]+:)")
_LOOKAROUND = re.compile(r"\?(?:[=!]|<[=!])")
_PROBES = "aA0-_ .b1z9Z@/#:"
_MOST_REPEATS = 64


def match_pattern(pattern: str, shortest: int = 0) -> str | None:
    """Return a matching string of at least `shortest` characters; None if none is found."""
    for repeats in range(_MOST_REPEATS + 1):
        try:
            candidate = _Walk(pattern, repeats).alternatives()
        except (IndexError, ValueError):
            return None
        if len(candidate) >= shortest and re.search(pattern, candidate):
            return candidate
    return None


@dataclass(slots=True)
class _Walk:
    """One pass over the expression; quantifiers repeat `repeats` times within their bounds."""

    pattern: str
    repeats: int
    position: int = 0

    def alternatives(self) -> str:
        """Return the first non-empty alternative."""
        options = [self.sequence()]
        while self._peek() == "|":
            self.position += 1
            options.append(self.sequence())
        return next(filter(None, options), "")

    def sequence(self) -> str:
        made = ""
        while self._peek() not in {"", "|", ")"}:
            atom = self.atom()
            made += atom * self.count()
        return made

    def atom(self) -> str:
        character = self._take()
        if character == "(":
            return self._group()
        if character == "[":
            return self._character_class()
        if character == "\\":
            return self._escape()
        if character in "^$":
            return ""
        return "a" if character == "." else character

    def count(self) -> int:
        low, high = self._bounds()
        if self._peek() in {"?", "+"}:
            self.position += 1
        return min(max(low, self.repeats), high)

    def _bounds(self) -> tuple[int, int]:
        simple = {"*": (0, _MOST_REPEATS), "+": (1, _MOST_REPEATS), "?": (0, 1)}.get(self._peek())
        if simple:
            self.position += 1
            return simple
        match = _COUNT.match(self.pattern, self.position)
        if not match:
            return 1, 1
        self.position = match.end()
        low = int(match.group(1) or 0)
        unbounded = max(low, _MOST_REPEATS)
        return low, int(match.group(3) or unbounded) if match.group(2) else low

    def _group(self) -> str:
        lookaround = _LOOKAROUND.match(self.pattern, self.position)
        prefix = lookaround or _GROUP_PREFIX.match(self.pattern, self.position)
        if prefix:
            self.position = prefix.end()
        made = self.alternatives()
        self._take()
        return "" if lookaround else made

    def _character_class(self) -> str:
        start = self.position - 1
        if self._peek() == "^":
            self.position += 1
        self.position += 1
        while self._peek() != "]":
            self.position += 2 if self._peek() == "\\" else 1
        self.position += 1
        allowed = re.compile(self.pattern[start : self.position])
        probes = _PROBES + self.pattern[start : self.position]
        return next(character for character in probes if allowed.fullmatch(character))

    def _escape(self) -> str:
        escaped = self._take()
        if escaped in _ANCHORS:
            return ""
        return _ESCAPES.get(escaped, escaped)

    def _peek(self) -> str:
        return self.pattern[self.position : self.position + 1]

    def _take(self) -> str:
        taken = self.pattern[self.position]
        self.position += 1
        return taken
