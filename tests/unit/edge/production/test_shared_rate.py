"""The shared rate limit while its database is unreachable."""

from edge.production.shared_rate import SharedRate


async def test_while_the_database_is_away_nothing_is_refused_and_it_is_logged_once() -> None:
    logged: list[str] = []
    now = [100.0]
    rate = SharedRate("http://127.0.0.1:9", "key", logged.append, clock=lambda: now[0])

    waits = [await rate("f", 1.0), await rate("f", 1.0)]
    now[0] += 6
    waits.append(await rate("f", 1.0))
    await rate.close()

    assert waits == [0.0, 0.0, 0.0]
    assert len(logged) == 2
