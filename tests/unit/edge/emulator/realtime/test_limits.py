"""The platform's limits: averages of a minute, and a client's presence."""

from edge.emulator.realtime.limits import ClientPresence, Quota, Rate


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_rate_is_the_average_of_the_last_minute() -> None:
    clock = Clock()
    rate = Rate(10, clock)
    assert all(rate.count() for _ in range(50))
    assert not rate.count()

    clock.now += 5
    assert all(rate.count() for _ in range(49))
    assert not rate.count()

    clock.now += 3600
    assert rate.count(500)


def test_a_client_may_track_five_times_in_thirty_seconds() -> None:
    clock = Clock()
    calls = ClientPresence(clock)
    assert [calls.count() for _ in range(6)] == [True] * 5 + [False]
    clock.now += 31
    assert calls.count()


def test_nothing_is_limited_unless_asked() -> None:
    quota, limited = Quota(), Quota(applies=True)
    client = ClientPresence()
    assert (quota.may_send(10**6), quota.may_connect(10**6)) == (True, True)
    assert (limited.may_send(10**6), limited.may_connect(201)) == (False, False)
    assert [limited.may_present(client) for _ in range(6)][4:] == [
        None,
        "Client presence rate limit exceeded",
    ]
