"""From a save to the first answer by the new code, asked without pause.

There is no peer: `functions-framework --asgi` does not reload.
"""

import argparse
import http.client
import shutil
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bench.support.machine import print_machine
from bench.support.source import save
from bench.support.statistics import Series, print_at_most
from tests.support.processes import ROOT, free_port, python, running, wait_answer

_SMALL: Final = '''"""A small function."""


async def main(_request):
    return "{version}"
'''
_PAUSE: Final = 0.002
_REST: Final = 0.1
_DEADLINE: Final = 10


@contextmanager
def project() -> Generator[Path]:
    """A folder with a small function and one that imports much."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        for slug, body in (("small", _SMALL), ("heavy", _heavy())):
            folder = root / "functions" / slug
            folder.mkdir(parents=True)
            shutil.copy(ROOT / "bench/functions/heavy/function.toml", folder)
            save(folder, body.replace("{version}", "0"))
        yield root


def _heavy() -> str:
    imports = "import anthropic\nimport openai\nimport supabase\n"
    return (
        _SMALL + f"\n\n{imports}\nCLIENTS = (anthropic.Anthropic, openai.OpenAI, supabase.Client)\n"
    )


def measure(root: Path, port: int, slug: str, body: str, runs: int) -> Series:
    """Save a new version, ask until it answers."""
    path = f"/functions/v1/{slug}"
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_DEADLINE)
    values: list[float] = []
    for run in range(1, runs + 1):
        time.sleep(_REST)
        save(root / "functions" / slug, body.replace("{version}", str(run)))
        saved = time.perf_counter()
        _wait_for(connection, path, str(run).encode(), saved + _DEADLINE)
        values.append((time.perf_counter() - saved) * 1000)
    connection.close()
    return Series(f"{slug} function", values)


def _wait_for(connection: http.client.HTTPConnection, path: str, text: bytes, end: float) -> None:
    while time.perf_counter() < end:
        connection.request("GET", path)
        response = connection.getresponse()
        answer = response.read()
        assert response.status == 200, answer
        if answer == text:
            return
        time.sleep(_PAUSE)
    raise AssertionError(f"{path} never answered {text!r}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100)
    options = parser.parse_args()
    print_machine()
    port = free_port()
    with (
        project() as root,
        running(python("-m", "bench.support.serve", str(port), str(root), "--reload")),
    ):
        for slug in ("small", "heavy"):
            wait_answer(port, f"/functions/v1/{slug}")
        small = measure(root, port, "small", _SMALL, options.runs)
        heavy = measure(root, port, "heavy", _heavy(), options.runs)
    print(small)
    print(heavy)
    print_at_most("reload of a small function, p50", small.p50, 100, "ms")


if __name__ == "__main__":
    main()
