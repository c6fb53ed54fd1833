"""Two zygotes: functions that import no library never wait for those that do."""

import os
import signal
from pathlib import Path

import pytest

from tests.support.functions_runtime import Functions
from tests.support.waiting import wait_gone

pytestmark = pytest.mark.process


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def test_a_function_that_imports_a_library_is_forked_from_another_zygote(
    functions: Functions,
) -> None:
    with functions.client() as client:
        plain = client.get("/echo").json()["pid"]
        other = client.get("/uses-library").json()

    assert other["has_jwt"] is True
    assert parent_of(parent_of(other["pid"])) == parent_of(plain)


def test_a_lost_library_zygote_is_replaced_and_leaves_other_workers_alone(
    functions: Functions,
) -> None:
    with functions.client() as client:
        plain = client.get("/echo").json()["pid"]
        other = client.get("/uses-library").json()["pid"]
        os.kill(parent_of(other), signal.SIGKILL)
        wait_gone(other)
        after = client.get("/uses-library")

        assert after.json()["pid"] != other
        assert client.get("/echo").json()["pid"] == plain
