"""COMPATIBILITY.md says what the cases show, and lists the error codes that services answer."""

import re

from edge.emulator.rest.errors import CATALOGUE
from tests.conformance.features import write_tables
from tests.support.paths import ROOT

DOCUMENT = (ROOT / "COMPATIBILITY.md").read_text()


def test_the_tables_are_those_of_the_cases() -> None:
    """Run scripts/compatibility after a change of cases, features or gaps."""
    assert write_tables(DOCUMENT) == DOCUMENT


def test_the_data_api_s_codes_are_listed_with_their_statuses() -> None:
    listed = dict(re.findall(r"`(PGRST\w+|EDGE_\w+)` (\d{3})", DOCUMENT))
    ours = {code: str(status) for code, (status, _) in CATALOGUE.items() if not code[0].isdigit()}

    assert listed == ours


def test_the_runtime_s_codes_are_listed() -> None:
    from edge.runtime import errors

    refusals = [value for value in vars(errors).values() if isinstance(value, errors.Refusal)]
    codes = {refusal.code for refusal in refusals} - {"METHOD_NOT_ALLOWED"}

    assert {code for code in codes if f"`{code}`" not in DOCUMENT} == set()
