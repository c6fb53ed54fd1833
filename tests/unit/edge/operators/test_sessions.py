"""Sessions of operators are bounded, without one operator ending another's."""

from edge.console_proxy.app import ConsoleViews
from edge.console_proxy.process import ConsoleProcess
from edge.operators.project import Operator, Project
from edge.operators.sessions import COOKIE, Session, Sessions

ANN = Operator("1", "ann@example.com", may_write=False)
BOB = Operator("2", "bob@example.com", may_write=False)


def create_views(_token: str) -> ConsoleViews:
    return ConsoleViews(ConsoleProcess(dict[str, str], lambda _: None))


def is_open(sessions: Sessions, session: Session) -> bool:
    headers = [(b"cookie", f"{COOKIE}={session.cookie}".encode())]
    return sessions.by_cookie(headers) is session


async def test_an_operator_who_signs_in_often_ends_no_session_of_another() -> None:
    sessions = Sessions(Project("http://127.0.0.1:1", "anon", "secret"), create_views)
    of_bob = await sessions.open(BOB)
    of_ann = [await sessions.open(ANN) for _ in range(20)]

    assert is_open(sessions, of_bob)
    assert [is_open(sessions, each) for each in of_ann] == [False] * 13 + [True] * 7
    await sessions.close()
    await sessions.project.close()


async def test_an_operator_without_a_session_takes_the_oldest_of_the_others() -> None:
    sessions = Sessions(Project("http://127.0.0.1:1", "anon", "secret"), create_views)
    of_ann = [await sessions.open(ANN) for _ in range(8)]
    of_bob = await sessions.open(BOB)

    assert is_open(sessions, of_bob)
    assert [is_open(sessions, each) for each in of_ann] == [False] + [True] * 7
    await sessions.close()
    await sessions.project.close()
