"""Functions that answer as no server should: one platform's answer, and nobody else is touched."""

import httpx
import pytest

from edge.events import Event, LogLine, RequestServed, Shutdown, UncaughtException, WorkerRetired
from tests.support.functions_runtime import Functions
from tests.support.waiting import PATIENCE

pytestmark = pytest.mark.process
HALF = r"half \ud83d"


def ask(functions: Functions, slug: str, wish: str, method: str = "GET") -> httpx.Response:
    with httpx.Client(base_url=functions.url + "/functions/v1", timeout=PATIENCE) as client:
        return client.request(method, f"/{slug}", params={"do": wish})


def pid_of_odd(functions: Functions) -> str:
    return ask(functions, "answers-oddly", "pid").text


def told_since(functions: Functions, mark: int, slug: str) -> list[Event]:
    return [e for e in functions.events[mark:] if getattr(e, "slug", "") == slug]


@pytest.mark.parametrize(
    "wish",
    [
        "status_99",
        "status_100",
        "status_101",
        "status_103",
        "status_1000",
        "status_text",
        "length_no_number",
        "length_negative",
        "two_lengths",
        "length_and_chunks",
        "bad_header_name",
        "empty_header_name",
        "line_in_header",
        "nul_in_header",
    ],
)
def test_a_malformed_head_is_500_and_the_worker_lives_on(functions: Functions, wish: str) -> None:
    pid = pid_of_odd(functions)
    answer = ask(functions, "answers-oddly", wish)

    assert (answer.status_code, answer.json()["code"]) == (500, "WORKER_ERROR")
    assert "x-b" not in answer.headers
    assert pid_of_odd(functions) == pid


@pytest.mark.parametrize("wish", ["body_first", "nothing", "unknown_message"])
def test_no_answer_at_all_is_500_of_the_function(functions: Functions, wish: str) -> None:
    answer = ask(functions, "answers-oddly", wish)

    assert (answer.status_code, answer.text) == (500, "Internal Server Error")
    assert answer.headers["sb-error-code"] == "EDGE_FUNCTION_ERROR"


@pytest.mark.parametrize(
    "wish",
    [
        "raises_late",
        "length_too_long",
        "length_too_short",
        "head_only",
        "unfinished",
        "text_for_bytes",
    ],
)
def test_an_answer_that_breaks_off_is_seen_to_be_broken(functions: Functions, wish: str) -> None:
    pid, mark = pid_of_odd(functions), len(functions.events)
    with pytest.raises(httpx.RemoteProtocolError):
        ask(functions, "answers-oddly", wish)

    assert pid_of_odd(functions) == pid
    told = told_since(functions, mark, "answers-oddly")
    assert any(isinstance(e, RequestServed) and e.status == 500 for e in told)
    assert not any(isinstance(e, WorkerRetired) for e in told)


@pytest.mark.parametrize(
    ("wish", "method", "status"),
    [
        ("204_with_body", "GET", 204),
        ("204_with_length", "GET", 204),
        ("304_with_length", "GET", 304),
        ("with_length", "HEAD", 200),
    ],
)
def test_a_body_where_none_may_be_is_dropped(
    functions: Functions, wish: str, method: str, status: int
) -> None:
    """And the next request on the same connections is answered as ever."""
    with httpx.Client(base_url=functions.url + "/functions/v1", timeout=PATIENCE) as client:
        for _ in range(3):
            odd = client.request(method, "/answers-oddly", params={"do": wish})
            plain = client.get("/answers-oddly")

            assert (odd.status_code, odd.content) == (status, b"")
            assert (plain.status_code, plain.text) == (200, "well")


@pytest.mark.parametrize("wish", ["twice", "body_twice", "raises_at_the_end"])
def test_what_comes_after_the_answer_harms_no_later_request(
    functions: Functions, wish: str
) -> None:
    pid, mark = pid_of_odd(functions), len(functions.events)
    for _ in range(5):
        assert ask(functions, "answers-oddly", wish).text == "one"
        assert ask(functions, "answers-oddly", "").text == "well"

    assert pid_of_odd(functions) == pid
    functions.wait_for(
        lambda e: isinstance(e, UncaughtException) and e.slug == "answers-oddly", deadline=PATIENCE
    )
    assert not any(
        isinstance(e, WorkerRetired) for e in told_since(functions, mark, "answers-oddly")
    )


def test_the_platform_s_own_headers_cannot_be_forged(functions: Functions) -> None:
    answer = ask(functions, "answers-oddly", "own_platform_headers")

    for name in ("sb-request-id", "x-execution-id", "x-served-by"):
        assert len(answer.headers.get_list(name)) == 1
        assert "mine" not in answer.headers[name]


def test_ten_thousand_answer_headers_arrive(functions: Functions) -> None:
    answer = ask(functions, "answers-oddly", "many_headers")

    assert (answer.status_code, answer.text, answer.headers["x-9999"]) == (200, "x", "v")


@pytest.mark.parametrize("wish", ["unknown_encoding", "closes"])
def test_connection_headers_of_a_function_stay_inside(functions: Functions, wish: str) -> None:
    answer = ask(functions, "answers-oddly", wish)

    assert (answer.status_code, answer.text) == (200, "one")
    assert answer.headers.get("connection", "") != "close"


@pytest.mark.parametrize(
    "wish",
    [
        "none",
        "bytes",
        "number",
        "list",
        "generator",
        "coroutine",
        "nan",
        "surrogate",
        "cycle",
        "object",
        "class",
        "bad_status",
    ],
)
def test_what_is_no_answer_is_500(functions: Functions, wish: str) -> None:
    answer = ask(functions, "returns-oddly", wish)

    assert answer.status_code == 500
    assert answer.headers["sb-error-code"] == "EDGE_FUNCTION_ERROR"
    assert ask(functions, "returns-oddly", "well").text == "well"


@pytest.mark.parametrize(("wish", "status"), [("print", 200), ("raise", 500)])
def test_half_of_a_surrogate_pair_can_be_printed_and_raised(
    functions: Functions, wish: str, status: int
) -> None:
    mark = len(functions.events)

    assert ask(functions, "prints-oddly", wish).status_code == status
    functions.wait_for(
        lambda e: isinstance(e, LogLine) and HALF in e.text and e in functions.events[mark:]
    )


def test_a_huge_dict_arrives_whole(functions: Functions) -> None:
    assert len(ask(functions, "returns-oddly", "huge_dict").json()) == 100_000


def test_a_stream_that_fails_is_seen_to_be_broken(functions: Functions) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        ask(functions, "returns-oddly", "late_failure")

    assert ask(functions, "returns-oddly", "well").text == "well"


@pytest.mark.parametrize("wish", ["exit", "segfault", "abort", "closes_all"])
def test_a_worker_that_ends_itself_is_told_of_once_and_replaced(
    functions: Functions, wish: str
) -> None:
    before = ask(functions, "dies-oddly", "")
    worker = before.headers["x-execution-id"]
    died = ask(functions, "dies-oddly", wish)
    # Until it is known to have ended, a request may still meet it and break off too.
    functions.wait_for(lambda e: isinstance(e, Shutdown) and e.execution_id == worker)
    after = ask(functions, "dies-oddly", "")

    assert (died.status_code, died.json()["code"]) == (500, "WORKER_ERROR")
    assert (after.status_code, after.text != before.text) == (200, True)
    ends = [e for e in functions.events if isinstance(e, Shutdown) and e.execution_id == worker]
    assert len(ends) == 1


@pytest.mark.parametrize("wish", ["system_exit", "interrupt"])
def test_an_exit_raised_in_a_request_is_500_and_ends_nothing(
    functions: Functions, wish: str
) -> None:
    before = ask(functions, "dies-oddly", "").text
    answer = ask(functions, "dies-oddly", wish)

    assert (answer.status_code, answer.headers["sb-error-code"]) == (500, "EDGE_FUNCTION_ERROR")
    assert ask(functions, "dies-oddly", "").text == before


@pytest.mark.parametrize("wish", ["exit_in_task", "loop_stops", "terminate"])
def test_an_event_loop_that_is_stopped_is_replaced(functions: Functions, wish: str) -> None:
    before = ask(functions, "dies-oddly", "")
    worker = before.headers["x-execution-id"]
    ask(functions, "dies-oddly", wish)
    functions.wait_for(lambda e: isinstance(e, Shutdown) and e.execution_id == worker)
    after = ask(functions, "dies-oddly", "")

    assert (after.status_code, after.text != before.text) == (200, True)


@pytest.mark.parametrize("wish", ["exit_in_thread", "closes_output"])
def test_harm_that_stays_inside_is_survived(functions: Functions, wish: str) -> None:
    before = ask(functions, "dies-oddly", "").text

    assert ask(functions, "dies-oddly", wish).text == before
