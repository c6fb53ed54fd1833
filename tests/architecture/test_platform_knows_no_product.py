"""The platform serves any project: it knows no function, schema or term of this one."""

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.support.paths import ROOT

TERMS: Final = ("campaign", "talk_track", "talk-track", "talktrack", "ANALYSIS_TOKEN_BUDGET")
# The emulated providers answer as real ones would: their engine drafts the scripts that a model is
# prompted for, and Retell's calls have the dialogue of a sales call. There, these are test data.
EXEMPT: Final = (ROOT / "edge/emulator/providers",)


def platform_files() -> list[Path]:
    files = (path for path in (ROOT / "edge").rglob("*") if path.is_file())
    return sorted(
        path
        for path in files
        if "__pycache__" not in path.parts
        and not any(path.is_relative_to(folder) for folder in EXEMPT)
    )


def find_product_names() -> tuple[set[str], set[str]]:
    """Return functions by folder and URL, and the schemas of the migrations."""
    folders = {path.parent.name for path in (ROOT / "functions").glob("*/main.py")}
    migrations = (path.read_text() for path in (ROOT / "supabase/migrations").glob("*.sql"))
    created = (re.findall(r"create schema (?:if not exists )?(\w+)", text) for text in migrations)
    return folders | {name.replace("_", "-") for name in folders}, set().union(*created)


def product_patterns(functions: set[str], schemas: set[str]) -> tuple[re.Pattern[str], ...]:
    """Match the domain's words and functions by folder or URL; and names in migrated schemas."""
    words = (
        *(rf"(?i:\b{re.escape(term)})" for term in TERMS),
        *(rf"\b{re.escape(name)}\b" for name in functions),
    )
    names = (rf"(?<![\w.]){re.escape(name)}\.[a-z_]+\b" for name in schemas)
    return re.compile("|".join(words)), re.compile("|".join(names))


def texts(path: Path, content: str) -> Iterator[str]:
    """Yield what may name a schema: of Python the strings, as `media.x` may be an attribute."""
    if path.suffix != ".py":
        yield from content.splitlines()
        return
    for token in tokenize.generate_tokens(io.StringIO(content).readline):
        if token.type in (tokenize.STRING, tokenize.COMMENT):
            yield token.string


def test_nothing_of_the_product_is_named_in_the_platform() -> None:
    functions, schemas = find_product_names()
    words, names = product_patterns(functions, schemas)
    plain_words = [*map(str.lower, TERMS), *functions]
    found: list[str] = []
    for path in platform_files():
        content = path.read_text(errors="replace")
        lowered = content.lower()  # to search for text is quick, for patterns and in tokens slow
        if any(word in lowered for word in plain_words):
            found += [
                f"{path.relative_to(ROOT)}:{number} {match[0]}"
                for number, line in enumerate(content.splitlines(), start=1)
                if (match := words.search(line))
            ]
        if any(f"{schema}." in content for schema in schemas):
            found += [
                f"{path.relative_to(ROOT)} {match[0]}"
                for text in texts(path, content)
                if (match := names.search(text))
            ]

    assert found == []
