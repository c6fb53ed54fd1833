"""--env is refused without --target by every command that has both."""

from pathlib import Path

import pytest

from tests.support.cli_command import Edge


@pytest.mark.parametrize(
    "command",
    [
        ("functions", "list"),
        ("functions", "delete", "report", "--yes"),
        ("logs", "report"),
        ("secrets", "list"),
        ("secrets", "set", "A=1"),
        ("secrets", "unset", "A"),
    ],
    ids=" ".join,
)
def test_an_environment_without_a_target_is_refused(
    edge: Edge, project: Path, command: tuple[str, ...]
) -> None:
    done = edge(*command, "--env", "production")

    assert done.status == 2
    assert "Add for example --target cloud-run." in done.err
    assert (project / "functions/report").is_dir()
    assert not (project / "functions/.env").exists()
