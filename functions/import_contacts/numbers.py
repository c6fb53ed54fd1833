"""Reads phone numbers as lists write them; refuses what spreadsheets damaged and what is ambiguous.

A number without "+" belongs to its row's country, else to the list's region, and never to another
one: where it could be read in two ways, it is refused with what to write instead.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat

from .headers import split_words

SHOWN: Final = 40
_LONGEST_CELL: Final = 500
_LONGEST_WITHOUT_PREFIX: Final = 11
_LONGEST_E164: Final = 16
_MOST_IN_A_CELL: Final = 20
_SEPARATORS: Final = re.compile(r"\s*(?::::|[;,|\n\r]|\s(?:or|oder|ou|und|and|et|y|o|e)\s)\s*")
_MARK: Final = re.compile(r"[;,|:/]|\s[a-z]", re.IGNORECASE)
_SLASH: Final = re.compile(r"\s*/\s*")
_LABEL: Final = re.compile(
    r"(?:tel(?:efon|ephone|\.)?|phone|mobile?|cell|callto|sip|work|home|fax|p|t|m|h|w)\s*[.:]+\s*(?=[+\d(])",
    re.IGNORECASE,
)
_KIND: Final = re.compile(r"\s*\(\s*[^\W\d]{2,20}[.]?\s*\)$")
_QUOTES: Final = "'\"`\u2018\u2019\u00b4"
_FORMULA: Final = re.compile(r'="?\s*(.*?)\s*"?')
_EXPONENT: Final = re.compile(r"[+-]?\d+(?:[.,]\d+)?\s*[eE]\s*\+?\d{1,3}")
_DECIMAL: Final = re.compile(r"\d{5,}[.,](?:0*|\d{1,2})")
_DATE: Final = re.compile(
    r"(?:19|20)\d\d([-./])\d{1,2}\1\d{1,2}\b|\d{1,2}([-./])\d{1,2}\2(?:19|20)\d\d\b"
)
_THOUSANDS: Final = re.compile(r"\d{1,3}(?:,\d{3}){2,}(?:\.0+)?|\d{1,3}(?:\.\d{3}){2,},0+")
_TOO_NARROW: Final = re.compile(r"#{2,}|#[A-Z/]{2,7}[!?]?")
_PLACEHOLDERS: Final = frozenset(
    split_words(
        "-, --, \u2013, \u2014, ., ?, x, 0, n/a, na, n.a., none, null, nil, nan, unknown, tbd,"
        " unbekannt, inconnu, desconocido, keine, aucun, ninguno, nenhum, nessuno, geen"
    )
)
_DAMAGED: Final = (
    "is damaged: a spreadsheet changed the phone number. Format its column as text, enter the"
    " number again, then export the list again"
)


class NumberError(Exception):
    """A text that cannot be dialled; the message says why and what to write instead."""


@dataclass(frozen=True, slots=True)
class Country:
    """Whose numbers are meant where a number does not say; `is_rows`: the row itself names it."""

    region: str
    is_rows: bool = False

    @property
    def calling_code(self) -> int:
        return _calling_code(self.region)


def clean_cell(text: str) -> str:
    """Remove invisible characters, quotes and formulas around a number; "" for placeholders."""
    plain = text
    if not text.isascii():
        kept = (char for char in text if unicodedata.category(char) not in ("Cf", "Cc"))
        plain = unicodedata.normalize("NFKC", "".join(kept))
    plain = plain.strip().strip(_QUOTES).strip()
    if plain.startswith("=") and (found := _FORMULA.fullmatch(plain)):
        plain = found[1]
    return "" if plain.lower() in _PLACEHOLDERS else plain


def split_cell(text: str, country: Country) -> list[str]:
    """Return the numbers of a cell that may hold several: `a ::: b`, `a; b`, `a / b`."""
    if text.isascii() and text.isprintable() and not _may_be_several(text):
        whole = clean_cell(text)
        return [whole] if whole else []
    lines = text[:_LONGEST_CELL].replace("\r", "\n")
    if ";ext=" in lines or _damage(clean_cell(lines.replace("\n", " "))):
        return [clean_cell(lines)]
    parts = [clean_cell(part) for part in re.split(r"\n|:::", lines)]
    parts = [piece for part in parts for piece in _split_line(part, country)]
    return [part for part in parts if part][:_MOST_IN_A_CELL]


def _may_be_several(text: str) -> bool:
    return _MARK.search(text) is not None


def _split_line(text: str, country: Country) -> list[str]:
    pieces = [clean_cell(piece) for piece in _SEPARATORS.split(text)]
    if any(piece and _count_digits(piece) < 6 for piece in pieces[1:]):
        return [text]  # an extension or a pause, which reading the whole reports
    slashed = [part for piece in pieces for part in _split_slashes(piece, country)]
    return [piece for piece in slashed if piece]


def _split_slashes(text: str, country: Country) -> list[str]:
    """Split at slashes unless they stand within one number: `030/901820`."""
    parts = [clean_cell(part) for part in _SLASH.split(text)]
    if len(parts) == 1 or any(_count_digits(part) < 6 for part in parts):
        return [text]
    try:
        read_number(text, country)
    except NumberError:
        return parts
    return [text]


def _count_digits(text: str) -> int:
    return sum(char.isdigit() for char in text)


def looks_like_number(text: str) -> bool:
    """Return whether the text has the form of a phone number, or of one that was damaged."""
    cell = clean_cell(text)
    if _damage(cell):
        return True
    if _DATE.match(cell):
        return False
    first = _LABEL.sub("", re.split(r":::|[;,|\n]", cell)[0])
    rest = re.sub(r"(?:\s*(?:ext|x|durchwahl)\.?\s*\d+)$", "", first, flags=re.IGNORECASE)
    return 7 <= _count_digits(rest) <= 17 and not re.search(r"[^\d\s()+./\-\u2010-\u2014]", rest)


def read_number(text: str, country: Country) -> PhoneNumber:
    """Return the valid number that a cleaned text stands for. Raises NumberError."""
    if _damage(text):
        raise NumberError(f"{text[:SHOWN]!r} {_DAMAGED}")
    plain = _LABEL.sub("", text, count=1) if text[:1].isalpha() else _KIND.sub("", text)
    international = _international(plain, country)
    number = _parse(international or plain, country.region, text)
    if number.extension:
        raise NumberError(f"{text[:SHOWN]!r} has an extension, which cannot be dialled")
    if international is None:
        number = _choose(plain, number, country, text)
    if len(format_e164(number)) > _LONGEST_E164 or not phonenumbers.is_valid_number(number):
        if international is None:
            _check_foreign(plain, country, text)
        where = "" if international else f" in {country.region}"
        raise NumberError(f"{text[:SHOWN]!r} cannot be dialled: no such number exists{where}")
    return number


def format_e164(number: PhoneNumber) -> str:
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def _damage(text: str) -> bool:
    plain = text.replace(" ", "")
    return bool(
        _EXPONENT.fullmatch(plain)
        or _DECIMAL.fullmatch(plain)
        or _THOUSANDS.fullmatch(plain)
        or _TOO_NARROW.fullmatch(plain)
    )


def _international(text: str, country: Country) -> str | None:
    """Return the number with "+" if it has one, or a prefix of international calls."""
    start = text.lstrip(" (")
    if start[:1] in ("+", "\uff0b"):
        return start.replace("(", "", 1) if text.startswith("(+") and ")" not in text else text
    digits = _digits(text)
    if digits.startswith("00"):
        return "+" + digits[2:]
    if digits.startswith("011") and len(digits) > 11 and country.calling_code == 1:
        return "+" + digits[3:]
    return None


def _parse(text: str, region: str, shown: str) -> PhoneNumber:
    try:
        return phonenumbers.parse(text, region)
    except NumberParseException:
        raise NumberError(f"{shown[:SHOWN]!r} is not a phone number") from None


def _choose(text: str, number: PhoneNumber, country: Country, shown: str) -> PhoneNumber:
    """Return the one reading of a number without "+"; refuse it if there are two."""
    digits = _digits(text)
    if not digits or digits[0] == "0" or country.calling_code == 1:
        return number
    own = phonenumbers.national_significant_number(number)
    if digits != own:  # with a prefix of the country, or with its calling code
        return number
    is_national = phonenumbers.is_valid_number(number)
    if is_national and _is_written_nationally(number, digits):
        return number
    abroad = _parse_international(digits)
    if abroad is None:
        return number
    is_own = abroad.country_code == number.country_code
    if is_own and (not is_national or len(own) > _LONGEST_WITHOUT_PREFIX):
        return abroad
    if is_national and not is_own and country.is_rows:
        return number
    if is_national:
        raise NumberError(
            f"{shown[:SHOWN]!r} is ambiguous: {format_e164(number)} or {format_e164(abroad)}?"
            " Write it with + and the country code"
        )
    raise _foreign(shown, abroad, country)


def _check_foreign(text: str, country: Country, shown: str) -> None:
    """Explain an invalid number that is valid with another country's code."""
    digits = _digits(text)
    abroad = None if digits.startswith("0") else _parse_international(digits)
    if abroad is not None and abroad.country_code != country.calling_code:
        raise _foreign(shown, abroad, country)


def _foreign(shown: str, abroad: PhoneNumber, country: Country) -> NumberError:
    region = phonenumbers.region_code_for_number(abroad) or "another country"
    return NumberError(
        f"{shown[:SHOWN]!r} is no number of {country.region}. If it is one of {region}, write"
        f" {format_e164(abroad)}, or add a column country"
    )


def _is_written_nationally(number: PhoneNumber, digits: str) -> bool:
    national = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    return _digits(national) == digits


def _parse_international(digits: str) -> PhoneNumber | None:
    try:
        number = phonenumbers.parse("+" + digits, None)
    except NumberParseException:
        return None
    return number if phonenumbers.is_valid_number(number) else None


def _digits(text: str) -> str:
    return "".join(str(int(char)) for char in text if char.isdecimal())


@lru_cache(maxsize=512)
def _calling_code(region: str) -> int:
    return phonenumbers.country_code_for_region(region)
