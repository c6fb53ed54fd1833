"""Scheduled functions, called by the stack's scheduler."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from edge.events import LogLine, RequestServed
from edge.project.settings import load_settings
from edge.stack import Stack
from tests.support.made_database import give_database
from tests.support.serving import LoopThread
from tests.support.waiting import PATIENCE, wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.process]
TICK = """
import sys
from starlette.requests import Request


async def main(request: Request):
    sys.stdout.write(f"tick {request.method} {(await request.body()).decode()}\\n")
    return "done"
"""


@pytest.fixture
def ticking(tmp_path: Path) -> Iterator[tuple[Stack, list[object]]]:
    write(tmp_path, "tick", 'schedule = "1 seconds"\nschedule_body = \'{"action": "look"}\'\n')
    write(tmp_path, "hourly", 'schedule = "0 * * * *"\nschedule_body = \'{"action": "hour"}\'\n')
    write(tmp_path, "faulty", 'schedule = "every now and then"\n')
    settings = load_settings(
        tmp_path, port=0, db_port=0, environ={k: os.environ[k] for k in ("PATH", "HOME")}
    )
    give_database(tmp_path)
    events: list[object] = []
    stack = Stack(replace(settings, secrets={}), events.append, durable=False)
    thread = LoopThread()
    thread.run(stack.start())
    try:
        yield stack, events
    finally:
        thread.run(stack.close())
        thread.close()


def write(root: Path, name: str, settings: str) -> None:
    folder = root / "functions" / name
    folder.mkdir(parents=True)
    (folder / "main.py").write_text(TICK)
    (folder / "function.toml").write_text(settings)


def wait_for_lines(events: list[object], slug: str, count: int) -> list[str]:
    def lines() -> list[str]:
        return [e.text for e in events if isinstance(e, LogLine) and e.slug == slug]

    wait_for(lambda: len(lines()) >= count)
    return lines()


def test_a_function_is_called_with_the_secret_key_when_it_is_due(
    ticking: tuple[Stack, list[object]],
) -> None:
    _, events = ticking
    lines = wait_for_lines(events, "tick", 2)

    assert set(lines) == {'tick POST {"action": "look"}'}
    served = [e for e in events if isinstance(e, RequestServed)]
    assert {(e.slug, e.status) for e in served} == {("tick", 200)}


def test_where_time_runs_faster_so_do_schedules(ticking: tuple[Stack, list[object]]) -> None:
    stack, events = ticking
    control = f"{stack.settings.api_url}/providers/retell/_control"
    hours = {"clock": {"rate": 7200}}

    key = {"apikey": stack.settings.secret_key}

    assert httpx.post(control, headers=key, json=hours, timeout=PATIENCE).status_code == 200
    assert set(wait_for_lines(events, "hourly", 2)) == {'tick POST {"action": "hour"}'}


def test_an_invalid_schedule_is_reported(ticking: tuple[Stack, list[object]]) -> None:
    stack, events = ticking
    url = f"{stack.settings.api_url}/functions/v1/faulty"
    headers = {"authorization": f"Bearer {stack.settings.anon_key}"}

    assert httpx.get(url, headers=headers, timeout=PATIENCE).status_code == 503
    assert "'every now and then' is no cron schedule" in str(events)
