"""ICU's collations are replaced by one that every Postgres has; nothing else is touched."""

import pytest

from edge.emulator.postgres.collations import without_icu


@pytest.mark.parametrize(
    "statement",
    [
        "create collation ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
        "CREATE COLLATION IF NOT EXISTS public.\"ci\" (\n  PROVIDER = 'icu',\n  locale = 'en'\n)",
    ],
)
def test_a_collation_of_icu_is_made_of_what_is_there(statement: str) -> None:
    changed = without_icu(f"select 1;\n{statement};\nselect 2;")

    assert "provider = builtin" in changed
    assert "icu" not in changed.lower()
    assert changed.count("\n") == statement.count("\n") + 2


def test_a_predefined_collation_is_replaced() -> None:
    text = (
        'create table t (name text collate "en-x-icu", other text collate pg_catalog."de-AT-x-icu")'
    )

    assert without_icu(text) == (
        'create table t (name text collate "pg_c_utf8", other text collate pg_catalog."pg_c_utf8")'
    )


@pytest.mark.parametrize(
    "text",
    [
        "create collation french (provider = libc, locale = 'fr_FR.utf8')",
        "insert into t values ('icu', 'create collation'), ('provider = icu')",
        "select difficult, curriculum from t",
    ],
)
def test_anything_else_stays(text: str) -> None:
    assert without_icu(text) == text
