"""The background work of pg_net and pg_cron: queued requests are sent, due jobs are run."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import psycopg
import pytest

from edge.emulator.clock import Clock
from edge.emulator.postgres.cluster import Cluster
from edge.emulator.postgres.cron import Cron
from edge.emulator.postgres.http_queue import HttpQueue, localize
from tests.support.serving import LoopThread
from tests.support.waiting import wait_for

pytestmark = pytest.mark.process


class Echo(BaseHTTPRequestHandler):
    """Answers with what it was sent; never at /hang."""

    def _answer(self) -> None:
        if self.path == "/hang":
            self.server.hanging.wait(20)  # type: ignore[attr-defined]
            return
        body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
        said = {"method": self.command, "path": self.path, "body": body}
        said["secret"] = self.headers.get("x-secret") or ""
        answer = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = do_DELETE = _answer  # noqa: N815

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def echo() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    server.hanging = threading.Event()  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.hanging.set()  # type: ignore[attr-defined]
    server.shutdown()
    server.server_close()


@pytest.fixture
def loop() -> Iterator[LoopThread]:
    thread = LoopThread()
    yield thread
    thread.close()


@pytest.fixture
def postgres(cluster: Cluster, database: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(cluster.dsn(database, user="postgres"), autocommit=True) as connection:
        yield connection


@pytest.fixture
def queue(cluster: Cluster, database: str, echo: str, loop: LoopThread) -> Iterator[HttpQueue]:
    queue = HttpQueue(cluster.dsn(database), echo)

    async def start() -> None:
        queue.start()

    loop.run(start())
    yield queue
    loop.run(queue.close())


def await_response(connection: psycopg.Connection[Any], request: int) -> tuple[Any, ...]:
    statement = (
        "select status_code, content, timed_out, error_msg from net._http_response where id = %s"
    )

    def found() -> Any:
        return connection.execute(statement, (request,)).fetchone()

    wait_for(lambda: found() is not None)
    return found()


def test_a_queued_request_is_sent_and_its_response_kept(
    postgres: psycopg.Connection[Any], queue: HttpQueue, echo: str
) -> None:
    row = postgres.execute(
        'select net.http_post(%s, \'{"a": 1}\', headers := \'{"x-secret": "s"}\')', (f"{echo}/x",)
    ).fetchone()
    assert row
    status, content, timed_out, error = await_response(postgres, row[0])

    assert (status, timed_out, error) == (200, False, None)
    assert json.loads(content) == {
        "method": "POST",
        "path": "/x",
        "body": '{"a": 1}',
        "secret": "s",
    }
    collected = postgres.execute("select (net._http_collect_response(%s)).status::text", row)
    assert collected.fetchone() == ("SUCCESS",)


def test_a_webhook_of_the_dashboard_calls_the_stack_by_its_name_in_containers(
    postgres: psycopg.Connection[Any], queue: HttpQueue
) -> None:
    postgres.execute("create table public.orders (id int)")
    postgres.execute(
        "create trigger hook after insert on public.orders for each row execute function"
        " supabase_functions.http_request('http://kong:8000/functions/v1/order', 'POST', '{}',"
        " '{}', '5000')"
    )
    postgres.execute("insert into public.orders values (7)")
    row = postgres.execute("select request_id from supabase_functions.hooks").fetchone()
    assert row
    content = json.loads(await_response(postgres, row[0])[1])

    assert content["path"] == "/functions/v1/order"
    assert json.loads(content["body"]) == {
        "type": "INSERT",
        "table": "orders",
        "schema": "public",
        "record": {"id": 7},
        "old_record": None,
    }


def test_failures_and_timeouts_are_recorded(
    postgres: psycopg.Connection[Any], queue: HttpQueue, echo: str
) -> None:
    late = postgres.execute(
        "select net.http_get(%s, timeout_milliseconds := 100)", (f"{echo}/hang",)
    ).fetchone()
    wrong = postgres.execute("select net.http_get('http://127.0.0.1:9/')").fetchone()
    odd = postgres.execute("select net.http_get('nonsense')").fetchone()
    assert late
    assert wrong
    assert odd

    assert await_response(postgres, late[0])[2:] == (True, "Timeout of 100 ms reached.")
    assert await_response(postgres, wrong[0])[3]
    assert await_response(postgres, odd[0])[3]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://kong:8000/functions/v1/x?a=1", "http://127.0.0.1:54321/functions/v1/x?a=1"),
        ("http://supabase_kong_app:8000/rest/v1/", "http://127.0.0.1:54321/rest/v1/"),
        ("http://host.docker.internal:3000/hook", "http://127.0.0.1:3000/hook"),
        ("https://example.com/hook", "https://example.com/hook"),
    ],
)
def test_names_of_containers_are_this_machine(url: str, expected: str) -> None:
    assert localize(url, "http://127.0.0.1:54321") == expected


def test_due_jobs_run_as_their_user_and_are_recorded(
    cluster: Cluster, database: str, postgres: psycopg.Connection[Any], loop: LoopThread
) -> None:
    postgres.execute("create extension pg_cron")
    postgres.execute("create table public.ticks (who text)")
    cron = Cron(cluster.dsn(database), Clock())

    async def start() -> None:
        cron.start()

    loop.run(start())
    try:
        postgres.execute(
            "select cron.schedule('tick', '1 seconds', 'insert into ticks select current_user')"
        )
        postgres.execute("select cron.schedule('bad', '1 seconds', 'select 1 / 0')")
        wait_for(
            lambda: (
                postgres.execute(
                    "select count(distinct status) from cron.job_run_details"
                    " where end_time is not null"
                ).fetchone()
                == (2,)
            )
        )
    finally:
        loop.run(cron.close())
    runs = postgres.execute(
        "select distinct on (jobname) jobname, status, return_message"
        " from cron.job_run_details join cron.job using (jobid)"
        " where end_time is not null order by jobname"
    ).fetchall()

    assert runs == [
        ("bad", "failed", "ERROR:  division by zero"),
        ("tick", "succeeded", "INSERT 0 1"),
    ]
    assert postgres.execute("select distinct who from public.ticks").fetchall() == [("postgres",)]


def test_the_http_extension_sends_at_once(postgres: psycopg.Connection[Any], echo: str) -> None:
    postgres.execute("create extension http with schema extensions")
    row = postgres.execute(
        "select status, content::jsonb from http_post(%s, 'hello', 'text/plain')", (f"{echo}/now",)
    ).fetchone()

    assert row
    assert row[0] == 200
    assert (row[1]["path"], row[1]["body"]) == ("/now", "hello")
    with pytest.raises(psycopg.Error, match=r"refused|failed"):
        postgres.execute("select http_get('http://127.0.0.1:9/')")
