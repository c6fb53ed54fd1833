"""A stack of its own that is killed in the end, as by kill -9."""

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.cli_process import DEADLINE, shell
from tests.support.edge_process import EdgeProcess
from tests.support.made_database import give_database


@contextmanager
def running(
    project: Path, port: int = 0
) -> Iterator[tuple[dict[str, Any], "subprocess.Popen[str]"]]:
    """Start the stack; return what it announces and its process."""
    give_database(project)
    command = ["start", "--port", str(port), "--db-port", "0", "-o", "json"]
    with (project / "log").open("ab") as log:
        process = EdgeProcess(
            command, cwd=project, env=shell(), stdout=subprocess.PIPE, stderr=log, text=True
        )
    with process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, (project / "log").read_text()
        try:
            yield json.loads(line), process
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait(DEADLINE)
