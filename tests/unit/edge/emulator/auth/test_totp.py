"""Codes as RFC 6238 has them."""

from base64 import b32encode

import pytest

from edge.emulator.auth import totp

SECRET = b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(
    ("moment", "code"),
    [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")],
)
def test_the_vectors_of_the_rfc(moment: int, code: str) -> None:
    assert totp.compute_code(SECRET, moment) == code


def test_the_neighbours_of_the_present_period_are_accepted() -> None:
    code = totp.compute_code(SECRET, 1000)

    assert totp.matching_period(SECRET, code, 1000) == 33
    assert totp.matching_period(SECRET, code, 1000 + totp.PERIOD) == 33
    assert totp.matching_period(SECRET, code, 1000 + 3 * totp.PERIOD) is None
    assert totp.matching_period(SECRET, "é", 1000) is None
