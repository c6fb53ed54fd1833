"""Reads columns that say whether a person may be called, by the words in opt_out.toml."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

from .headers import split_words
from .words import fold

_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}.*|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}.*")
_TICKS: Final = frozenset("✓✔☑✅☒")
_EMPTY_BOXES: Final = frozenset("☐□")
_NUMBER: Final = re.compile(r"[+-]?\d+([.,]0+)?")
_LIST: Final = re.compile(r":::|[;,|\n/]")
_LONGEST: Final = 200
_SAID: Final = re.compile(
    r"dn[cd]|call|contact|opt|unsub|ruf|sperr|appel|contacter|llamar|ligar|chama|contat|chiama|bel|black"
    r"|suppress|disturb|phone|list|block|dzwoni|звонить",
    re.IGNORECASE,
)


class UnclearError(Exception):
    """A value that says neither yes nor no."""


@dataclass(frozen=True, slots=True)
class OptOutColumn:
    """A column in which yes means that the person is not to be called, or no (`is_consent`).

    `has_details`: it holds when or why, so that any text there is a yes.
    """

    header: str
    is_consent: bool
    has_details: bool

    def says_no_calls(self, value: str) -> bool:
        """Return whether a value forbids calls. Raises UnclearError for one that says neither."""
        if not value:
            return False
        says_yes = _read_consent(value) if self.is_consent else _read_block(value, self.has_details)
        if says_yes is None:
            raise UnclearError
        return says_yes is not self.is_consent


@lru_cache(maxsize=4096)
def find_opt_out(header: str) -> OptOutColumn | None:
    """Return how a column's name makes its values say whether a person may be called."""
    name = fold(header)
    squeezed = name.replace(" ", "")
    rules = _rules()
    if rules["other_channels"].search(name) and not rules["calls"].search(name):
        return None
    has_details = bool(rules["details"].search(name))
    if any(rule.search(name) for rule in rules["never_blocked"]):
        return OptOutColumn(header, is_consent=True, has_details=has_details)
    if any(rule.search(name) or rule.fullmatch(squeezed) for rule in rules["blocked"]):
        return OptOutColumn(header, is_consent=False, has_details=has_details)
    if has_details:
        return None
    found = next((m for rule in rules["allowed"] if (m := rule.search(name))), None)
    if found is None:
        return None
    is_negated = bool(rules["negations"].search(name[: found.start()]))
    return OptOutColumn(header, is_consent=not is_negated, has_details=False)


def says_no_calls(value: str) -> bool:
    """Return whether a value of any column says by itself that the person is not to be called."""
    if not value or len(value) > _LONGEST or not _SAID.search(value):
        return False
    phrases = _rules()["blocking_values"]
    return fold(value) in phrases or any(fold(part) in phrases for part in _LIST.split(value))


def _read_block(value: str, has_details: bool) -> bool | None:
    says_yes = _read_boolean(value)
    rules = _rules()
    if says_yes is None:
        name = fold(value)
        if name in rules["blocking_values"] or _DATE.fullmatch(value.strip()):
            return True
        if name in rules["forbidding_values"]:
            return True
        if name in rules["no_details"] or name in rules["allowing_values"]:
            return False
        return True if has_details else None
    return says_yes


def _read_consent(value: str) -> bool | None:
    rules, name = _rules(), fold(value)
    if name in rules["refused_values"] or name in rules["blocking_values"]:
        return False
    if name in rules["granted_values"] or _DATE.fullmatch(value.strip()):
        return True
    return _read_boolean(value)


def _read_boolean(value: str) -> bool | None:
    text = value.strip().strip("'\"").strip()
    if text in _TICKS:
        return True
    if text in _EMPTY_BOXES or text in {"-", "\u2013", "\u2014"}:
        return False
    if _NUMBER.fullmatch(text):
        return _read_count(text)
    name = fold(text)
    if name in _rules()["yes"]:
        return True
    return False if name in _rules()["no"] else None


def _read_count(text: str) -> bool | None:
    """0 is no, 1 and -1 (a database's true) are yes; other numbers say nothing."""
    number = float(text.replace(",", "."))
    return {0.0: False, 1.0: True, -1.0: True}.get(number)


@cache
def _rules() -> dict[str, Any]:
    given = tomllib.loads(Path(__file__).with_name("opt_out.toml").read_text("utf-8"))
    rules: dict[str, Any] = {
        name: re.compile(given[name])
        for name in ("other_channels", "calls", "details", "negations")
    }
    for name in ("blocked", "allowed", "never_blocked"):
        rules[name] = [re.compile(pattern) for pattern in given[name]]
    for name in (
        "yes", "no", "no_details", "blocking_values", "granted_values", "refused_values",
        "allowing_values", "forbidding_values",
    ):  # fmt: skip
        rules[name] = frozenset(fold(word) for word in split_words(given[name]))
    return rules
