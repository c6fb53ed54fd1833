"""Recorded programs in place of gcloud, kubectl and docker, the only ones on a PATH.

Each records its argv and standard input and prints the answer that a test has set, so that tests
check the commands without a cloud, cluster or image builder.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PROGRAM = """\
#!{python} -SE
import json, pathlib, sys
here = pathlib.Path({folder!r})
argv = [pathlib.Path(sys.argv[0]).name, *sys.argv[1:]]
with (here / "record.jsonl").open("a") as record:
    record.write(json.dumps({{"argv": argv, "stdin": sys.stdin.read()}}) + "\\n")
for answer in json.loads((here / "answers.json").read_text()):
    if all(any(word in given for given in argv) for word in answer["when"].split()):
        sys.stdout.write(answer["stdout"])
        sys.stderr.write(answer["stderr"])
        sys.exit(answer["status"])
"""


@dataclass(frozen=True)
class Call:
    """One start of a program."""

    argv: list[str]
    stdin: str

    def option(self, name: str) -> str:
        """The value of `--name=value`."""
        return next(a for a in self.argv if a.startswith(f"--{name}=")).partition("=")[2]


class RecordedPrograms:
    """A folder that is to be all of PATH."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "bin"
        self.folder = folder
        self.path.mkdir(parents=True)
        self._answers: list[dict[str, Any]] = []
        self._write()

    def install(self, *names: str) -> "RecordedPrograms":
        for name in names:
            program = self.path / name
            program.write_text(_PROGRAM.format(python=sys.executable, folder=str(self.folder)))
            program.chmod(0o755)
        return self

    def answer(
        self, when: str, stdout: object = "", *, stderr: str = "", status: int = 0
    ) -> "RecordedPrograms":
        """To arguments that hold all words of `when`; the latest such answer counts."""
        text = stdout if isinstance(stdout, str) else json.dumps(stdout)
        answer = {"when": when, "stdout": text, "stderr": stderr, "status": status}
        self._answers.insert(0, answer)
        self._write()
        return self

    def calls(self, *words: str) -> list[Call]:
        """What was started with all of these words among its arguments, in order."""
        record = self.folder / "record.jsonl"
        lines = record.read_text().splitlines() if record.exists() else []
        calls = [Call(**json.loads(line)) for line in lines]
        return [call for call in calls if all(word in call.argv for word in words)]

    def forget(self) -> None:
        (self.folder / "record.jsonl").unlink(missing_ok=True)

    def _write(self) -> None:
        (self.folder / "answers.json").write_text(json.dumps(self._answers))


def cloud_run_service(name: str, **labels: str) -> dict[str, Any]:
    """Return a service as `gcloud run services list --format=json` prints it."""
    return {
        "metadata": {"name": name, "labels": {f"edge-{k}": v for k, v in labels.items()}},
        "status": {
            "url": f"https://{name}.example.com",
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    }
