"""A path of jwt-role-claim-key finds the role in what an identity provider writes."""

import re
from typing import Any

import pytest

from edge.emulator.rest.request.role_claim import find_claim, parse_claim_path

CLAIMS: dict[str, Any] = {
    "role": "top",
    "postgrest": {"roles": ["other", "author", "x-editor"], "a-b": "dashed"},
    "https://example.com/role": {"key": "spelled"},
    "realms": [{"name": "first"}, {"name": "second"}],
    "number": 7,
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$.role", "top"),
        (".role", "top"),
        ("$.postgrest.roles[1]", "author"),
        ("$.postgrest.roles[-1]", "x-editor"),
        (".postgrest.a-b", "dashed"),
        ("$['https://example.com/role'].key", "spelled"),
        ('."https://example.com/role".key', "spelled"),
        ("$.realms[1].name", "second"),
        ("$.postgrest.roles[?(@ == 'author')]", "author"),
        ('$.postgrest.roles[?@ != "other"]', "author"),
        ("$.postgrest.roles[?search(@, '^au')]", "author"),
        ('.postgrest.roles[?(@ ^== "x-")]', "x-editor"),
        ('.postgrest.roles[?(@ ==^ "thor")]', "author"),
        ('.postgrest.roles[?(@ *== "dit")]', "x-editor"),
        ("$.postgrest.roles[9]", None),
        ("$.postgrest.roles.name", None),
        ("$.role[0]", None),
        ("$.missing.role", None),
        ("$.number", 7),
    ],
)
def test_a_path_finds_a_claim(path: str, found: object):
    assert find_claim(CLAIMS, parse_claim_path(path)) == found


@pytest.mark.parametrize("path", ["$", "role", "$.", "$.a[", "$.a[x]", "$.a[?(@ > 'x')]", "$..a"])
def test_what_is_no_path_is_refused(path: str):
    with pytest.raises(ValueError, match=re.escape(path)):
        parse_claim_path(path)


def test_an_expression_that_is_none_is_refused():
    with pytest.raises(ValueError, match=r"\("):
        parse_claim_path("$.a[?search(@, '(')]")
