"""Tests stay cheap: what takes seconds to start is started once, and shared."""

import re

from tests.support.paths import ROOT

OWN_SERVERS = {
    "tests/conftest.py",
    "tests/chaos/world.py",
    "tests/e2e/test_isolation.py",
    "tests/e2e/test_schedules.py",
    "tests/e2e/test_serving.py",
    "tests/e2e/test_talk_track_restart.py",
    "tests/integration/edge/emulator/postgres/test_account.py",
    "tests/integration/edge/emulator/postgres/test_cluster.py",
    "tests/integration/edge/emulator/rest/test_outage.py",
    "tests/support/made_database.py",
    "tests/support/recorded_stack.py",  # the history needs requests of its own, and restarts
}
OWN_ENVIRONMENTS = {"tests/e2e/test_cli_wheel.py", "tests/support/bundle_environment.py"}
THIS = "tests/architecture/test_cheap_tests.py"


def find(pattern: str) -> set[str]:
    """Return the test files in which the pattern occurs."""
    files = ((path.relative_to(ROOT).as_posix(), path) for path in ROOT.glob("tests/**/*.py"))
    return {name for name, path in files if re.search(pattern, path.read_text())} - {THIS}


def test_servers_are_the_sessions_but_for_tests_of_starting_and_stopping() -> None:
    """Use the fixtures `database` and `stack`; a cluster takes 1 s of CPU, a stack up to 9 s."""
    assert find(r"\b(?:Cluster|Stack)\(") <= OWN_SERVERS


def test_virtual_environments_are_made_in_one_place() -> None:
    """Use tests/support/bundle_environment.py, which links packages and forks functions."""
    assert find(r'"-m", "(?:venv|pip)"') <= OWN_ENVIRONMENTS


def test_no_test_starts_a_stack_of_all_functions() -> None:
    """`edge start` imports what the project's functions import, for 5 s of CPU: link a few."""
    whole_folder = r'(?:symlink_to|copytree)\(ROOT / "functions"[,)]|in \("functions", "shared"'

    assert find(whole_folder) == set()
