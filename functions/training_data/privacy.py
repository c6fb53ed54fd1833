"""Personal data in text: found by rules and libraries, replaced by consistent placeholders."""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

import phonenumbers

_EMAIL: Final = re.compile(
    r"[\w.+%-]+\s?@\s?[\w-]+(?:\.[\w-]+)+"
    r"|\b[\w.+-]+(?: (?:dot|underscore|dash|hyphen|plus) [\w-]+)* at [\w-]+(?: dot [a-z]{2,8})+\b"
    r"|\b[\w.+-]+ ?[\[(] ?at ?[\])] ?[\w-]+(?:(?: ?[\[(] ?dot ?[\])] ?|\.)[a-z][\w-]*)+",
    re.I,
)
_SPOKEN: Final = re.compile(
    r"\b(?:(?:zero|oh|one|two|three|four|five|six|seven|eight|nine|double|triple)[ ,.-]+){6,}"
    r"(?:zero|oh|one|two|three|four|five|six|seven|eight|nine)\b",
    re.I,
)
_DATE: Final = re.compile(r"\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./](?:\d{2}|\d{4})")
_URL: Final = re.compile(r"\bhttps?://\S+", re.I)
_DIGITS: Final = re.compile(r"(?<![\w.])\+?\d(?:[ .\-]?\d){5,33}(?![\w])")
_IBAN: Final = re.compile(r"\b[A-Z]{2}\d{2}(?:[ ]?[A-Z0-9]{2,4}){3,8}\b")
_SSN: Final = re.compile(r"\b\d{3}[- ]\d{2}[- ]\d{4}\b")
_STREET: Final = re.compile(
    r"\b\d{1,5}[A-Za-z]?\s+(?:[A-ZÄÖÜ][\w'’.-]*\s+){1,4}"
    r"(?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Way|Place|Pl)\b\.?"
    r"|\b[A-ZÄÖÜ][\w-]*(?:straße|strasse|str\.|weg|gasse|platz|allee)\s+\d{1,4}[a-z]?\b"
    r"|\b\d{1,4},?\s+(?:rue|avenue|boulevard|place)\s+(?:de\s+(?:la\s+)?|du\s+|des\s+)?[A-ZÀ-Ü][\w-]+"
    r"|\bP\.?\s?O\.?\s+Box\s+\d{1,6}\b|\bPostfach\s+\d[\d ]{0,8}\d\b"
    r"|\b(?:Calle|Avenida|Rua|Via)\s+(?:[A-ZÀ-Ü][\w-]+\s+){1,3},?\s*\d{1,4}\b"
)
_PHONES: Final = re.compile(r"(?<![\w.])(?:\+|\(|0|\d)[\d ()./\-]{6,24}\d(?!\w)")
_REGIONS: Final = ("US", "GB", "DE", "FR", "ES", "BR")
_COMMON: Final = re.compile(
    r"an|am|art|as|at|baker|be|bill|black|brown|by|chase|christian|cook|day|do|drew|earl|faith"
    r"|frank|go|grace|grant|gray|green|he|hope|if|in|is|it|jack|joy|king|lane|law|long|mark|may|me"
    r"|miles|my|no|of|on|or|pat|penny|price|ray|rich|rob|rose|rusty|so|sue|to|up|us|victor|we|west"
    r"|white|will|young",
    re.I,
)
"""Words that are names, too: as names they have a capital."""
_ROLES: Final = re.compile(
    r"agent|assistant|customer|client|caller|user|speaker|prospect|buyer|seller|host|guest|rep|sales"
    r"|representative|advisor|interviewer|manager|bot|ai|human|operator|unknown|participant|lead",
    re.I,
)


@dataclass
class Redactor:
    """Replaces personal data; the same value gets the same placeholder in all texts.

    `names` are labels of speakers; `found` counts replacements by kind.
    """

    names: Iterable[str] = ()
    found: Counter[str] = field(default_factory=Counter[str])
    _numbers: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])
    _people: list[tuple[re.Pattern[str], str]] = field(
        default_factory=list[tuple[re.Pattern[str], str]], init=False
    )

    def __post_init__(self) -> None:
        for number, name in enumerate(sorted({n for n in self.names if is_person(n)}), start=1):
            parts = [name, *(part for part in name.split() if _is_name_part(part))]
            for part in parts:
                has_case = len(part) == 2 or bool(_COMMON.fullmatch(part))
                pattern = re.compile(
                    rf"(?<!\w){re.escape(part)}(?!\w)", re.NOFLAG if has_case else re.I
                )
                self._people.append((pattern, f"[PERSON_{number}]"))
        self._people.sort(key=lambda each: -len(each[0].pattern))

    def redact(self, text: str) -> str:
        """Return the text with a placeholder such as [EMAIL_1] for each piece of personal data."""
        text = self._replace(_URL, "URL", text, lambda url: "@" in url or "?" in url)
        text = self._replace(_EMAIL, "EMAIL", text)
        text = self._replace(_IBAN, "ACCOUNT", text, is_iban)
        text = self._replace(_DIGITS, "CARD", text, is_card)
        text = self._replace(_SSN, "ID", text)
        text = self._replace(_STREET, "ADDRESS", text)
        text = self._replace(_PHONES, "PHONE", text, is_phone)
        text = self._replace(_SPOKEN, "PHONE", text)
        text = self._replace(_DIGITS, "NUMBER", text, _is_account)
        for pattern, placeholder in self._people:
            text, count = pattern.subn(placeholder, text)
            self.found["PERSON"] += count
        return text

    def _replace(
        self,
        pattern: re.Pattern[str],
        kind: str,
        text: str,
        condition: Callable[[str], bool] = bool,
    ) -> str:
        def placeholder(found: re.Match[str]) -> str:
            value = found[0]
            if not condition(value):
                return value
            self.found[kind] += 1
            key = (kind, re.sub(r"[\s().-]", "", value).casefold())
            same = [number for (each, _), number in self._numbers.items() if each == kind]
            return f"[{kind}_{self._numbers.setdefault(key, len(same) + 1)}]"

        return pattern.sub(placeholder, text)


def is_person(label: str) -> bool:
    """Return whether a speaker's label is a name and not a role or number."""
    words = re.findall(r"[^\W\d_]+", label)
    return bool(words) and not any(_ROLES.fullmatch(word) for word in words)


def _is_name_part(part: str) -> bool:
    """Return whether a word of a name is replaced alone; two letters that are a word are not."""
    is_short_word = len(part) == 2 and (not part.isalpha() or bool(_COMMON.fullmatch(part)))
    return len(part) > 1 and part[0].isupper() and not is_short_word


def is_card(digits: str) -> bool:
    """Return whether the digits have a card's length and checksum (Luhn)."""
    figures = [int(figure) for figure in digits if figure.isdigit()]
    if not 13 <= len(figures) <= 19:
        return False
    doubled = [
        sum(divmod(figure * 2, 10)) if place % 2 else figure
        for place, figure in enumerate(reversed(figures))
    ]
    return sum(doubled) % 10 == 0


def is_iban(text: str) -> bool:
    """Return whether it is an IBAN: its remainder by 97 is 1."""
    compact = text.replace(" ", "")
    moved = compact[4:] + compact[:4]
    return 15 <= len(compact) <= 34 and int("".join(str(int(c, 36)) for c in moved)) % 97 == 1


def is_phone(text: str) -> bool:
    """Return whether it is a number that can be dialled, here or in one of six countries."""
    digits = sum(figure.isdigit() for figure in text)
    if not 7 <= digits <= 15 or _DATE.fullmatch(text):
        return False
    regions = (None,) if text.startswith("+") else _REGIONS
    for region in regions:
        try:
            if phonenumbers.is_possible_number(phonenumbers.parse(text, region)):
                return digits >= 9 or text.startswith("+") or bool(re.search(r"\d[ .)-]\d", text))
        except phonenumbers.NumberParseException:
            continue
    return False


def _is_account(digits: str) -> bool:
    """Return whether it is long enough for a number of an account or contract."""
    return sum(figure.isdigit() for figure in digits) >= 8 and not _DATE.fullmatch(digits)
