"""What the suite sets of httpx from inside holds with the installed version."""

import httpx

from tests.support.waiting import PATIENCE


def test_clients_without_a_timeout_of_their_own_are_patient() -> None:
    with httpx.Client() as client:
        assert client.timeout == httpx.Timeout(PATIENCE)
