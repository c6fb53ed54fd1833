"""Live rows, grouped errors, functions and the summary."""

import json
import threading
from collections.abc import Callable
from typing import Any

import httpx
import psycopg
import pytest

from tests.support.recorded_stack import RecordedStack
from tests.support.waiting import PATIENCE, wait_for

pytestmark = [pytest.mark.process]


def read_events(
    recorded: RecordedStack, path: str, act: Callable[[], object], **headers: str
) -> tuple[str, dict[str, Any]]:
    """Open a stream, act, and return the first event's id and data."""
    with recorded.api.stream("GET", path, headers=headers, timeout=PATIENCE) as stream:
        assert stream.status_code == 200
        lines = stream.iter_lines()
        assert next(lines).startswith((":", "id:")) or True
        threading.Thread(target=act).start()
        event = ""
        for line in lines:
            if line.startswith("id: "):
                event = line.removeprefix("id: ")
            elif line.startswith("data: "):
                return event, json.loads(line.removeprefix("data: "))
    raise AssertionError("the stream ended")


def test_a_stream_has_new_requests_of_its_filter(recorded: RecordedStack) -> None:
    def act() -> None:
        recorded.call("echo", content=b"quiet")
        recorded.call("picky", json={"value": -55})

    event, item = read_events(recorded, "/requests/stream?status=4xx&function=picky", act)

    assert (item["function"], item["error"]) == ("picky", "-55 is negative")
    with recorded.api.stream(
        "GET", "/requests/stream", headers={"last-event-id": str(int(event) - 1)}, timeout=PATIENCE
    ) as again:
        lines = again.iter_lines()
        data = next(line for line in lines if line.startswith("data: "))
    assert json.loads(data.removeprefix("data: "))["id"] == item["id"]


def test_a_stream_of_log_lines(recorded: RecordedStack) -> None:
    _, line = read_events(
        recorded, "/logs/stream?q=of+17+bytes", lambda: recorded.call("echo", content=b"s" * 17)
    )

    assert line["text"] == "echo of 17 bytes"
    assert (line["function"], line["source"], line["event_type"]) == ("echo", "function", "Log")


def test_a_wrong_filter_is_refused_before_the_stream_begins(recorded: RecordedStack) -> None:
    assert recorded.api.get("/requests/stream?status=x").status_code == 400


def test_errors_are_grouped_by_text(recorded: RecordedStack) -> None:
    ids = [recorded.call("picky", json={"value": v}).headers["sb-request-id"] for v in (-901, -902)]
    recorded.show(ids[-1])

    groups = recorded.list("/errors", function="picky")

    found = next(group for group in groups if group["code"] == "NEGATIVE")
    assert found["count"] >= 2
    assert found["sample_id"] == ids[-1]
    assert found["text"] == "-902 is negative"
    assert found["first_at"] < found["last_at"]
    assert ids[0] in {r["id"] for r in recorded.list(fingerprint=found["fingerprint"], limit=500)}


def test_functions_have_counts_workers_and_files(recorded: RecordedStack) -> None:
    recorded.call("echo", content=b"count me")

    def find() -> dict[str, Any] | None:
        listed = {each["slug"]: each for each in recorded.list("/functions")}
        return listed["echo"] if listed["echo"]["calls"] else None

    listed = wait_for(find)
    assert listed
    assert (listed["kind"], listed["verify_jwt"]) == ("python", False)
    assert listed["p95_ms"] >= listed["p50_ms"] > 0
    shown = recorded.api.get("/functions/echo").json()
    assert shown["files"] == ["function.toml", "main.py"]
    assert shown["workers"][0]["state"] == "ready"
    assert shown["workers"][0]["memory_bytes"] > 1_000_000
    assert "SUPABASE_URL" in shown["env_names"]
    assert shown["series"][-1]["calls"] >= 1
    assert shown["limits"]["memory"] == 256 << 20
    source = recorded.api.get("/functions/echo/files/main.py").json()
    assert "echo of" in source["text"]


def test_a_functions_calls_of_the_last_day_are_there(recorded: RecordedStack) -> None:
    recorded.call("chain")
    wait_for(lambda: recorded.api.get("/functions/chain").json()["series"])
    store = """
        insert into edge_console.calls (function, minute, calls, errors, cold, durations)
        values ('chain', date_trunc('minute', now()) - interval '23 hours', 7, 0, 0,
          array_fill(0, array[16]))"""
    with psycopg.connect(recorded.dsn, autocommit=True) as connection:
        connection.execute(store)

    shown = recorded.api.get("/functions/chain").json()

    assert shown["series"][0]["calls"] == 7


def test_a_function_that_is_reloaded_runs_in_another_worker(recorded: RecordedStack) -> None:
    def pids() -> set[int]:
        recorded.call("echo").raise_for_status()
        return {each["pid"] for each in recorded.api.get("/functions/echo").json()["workers"]}

    before = pids()
    assert recorded.api.post("/functions/echo/reload").status_code == 204
    recorded.call("echo").raise_for_status()

    wait_for(lambda: not before & pids())
    assert "function.reload" in {each["action"] for each in recorded.list("/audit")}
    assert recorded.api.post("/functions/none/reload").status_code == 404


@pytest.mark.parametrize("path", ["../picky/main.py", "%2e%2e/picky/main.py", ".env", "none.py"])
def test_only_the_functions_own_files_are_shown(recorded: RecordedStack, path: str) -> None:
    answer = httpx.get(
        f"{recorded.api.base_url}functions/echo/files/{path}", headers=recorded.api.headers
    )

    assert answer.status_code == 404


def test_the_summary_says_what_fails_and_what_is_kept(recorded: RecordedStack) -> None:
    failed = recorded.call("broken").headers["sb-request-id"]
    recorded.show(failed)

    summary = recorded.api.get("/summary").json()

    assert failed in {each["id"] for each in summary["recent_errors"]}
    counted = next(x for x in summary["failing_functions"] if x["function"] == "broken")
    assert counted["calls"] >= counted["errors"] >= 1
    assert summary["recording"]["stored"] >= 1
    assert summary["recording"]["retention"]["failed_days"] == 14
    assert summary["database"]["bytes"] > 0
    assert summary["disk"]["free_bytes"] > 0
    assert summary["last_deploy"] is None
    (recorded.stack.settings.state_dir / "deploy/cloud-run/staging").mkdir(parents=True)
    assert recorded.api.get("/summary").json()["last_deploy"].startswith("20")
