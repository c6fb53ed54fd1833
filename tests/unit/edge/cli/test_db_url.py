"""Connection strings: what is refused, without a part of the password in any message."""

import pytest

from edge.cli.db.url import describe_host
from edge.errors import EdgeError


@pytest.mark.parametrize(
    "password", ["p@ss#w0rd/x", "a#b", "a/b", "a?b", "a@b", "a b", "50%off%zz", "[x]"]
)
def test_a_password_that_is_not_encoded_is_said_so_and_not_shown(password: str) -> None:
    with pytest.raises(EdgeError) as error:
        describe_host(f"postgresql://postgres:{password}@127.0.0.1:54322/postgres")

    assert "Percent-encode it" in (error.value.cure or "")
    assert password not in str(error.value)
    assert password[:3] not in error.value.message


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://postgres:p%40ss%23w0rd%2Fx@db.example:5432/postgres",
        "postgresql://postgres.abc:pa$$w0rd!@db.example/postgres?sslmode=require",
        "postgres://db.example/postgres",
        "host=db.example dbname=postgres password=a@b#c",
    ],
)
def test_others_are_taken(url: str) -> None:
    assert describe_host(url) == "db.example/postgres"
