"""Counting connections and unfinished bodies by client address."""

from edge.gateway.client_limits import ClientLimits


def test_one_address_is_limited_and_another_is_not() -> None:
    limits = ClientLimits(connections=2)

    assert [limits.open_connection("a") for _ in range(3)] == [True, True, False]
    assert limits.open_connection("b")


def test_a_place_is_free_again_once_a_connection_ends() -> None:
    limits = ClientLimits(connections=1, bodies=1)
    for _ in range(3):
        assert limits.open_connection("a")
        assert limits.begin_body("a")
        limits.end_body("a")
        limits.close_connection("a")


def test_all_addresses_together_have_a_limit() -> None:
    limits = ClientLimits(total=2)

    assert [limits.open_connection(address) for address in "abc"] == [True, True, False]


def test_a_proxy_and_a_server_without_limits_are_not_limited() -> None:
    limits = ClientLimits(bodies=1, exempt=frozenset(("proxy",)))
    unlimited = ClientLimits(bodies=None)

    assert all(limits.begin_body("proxy") for _ in range(3))
    assert all(unlimited.begin_body("a") for _ in range(3))
