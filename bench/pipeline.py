"""Extraction of a 10,000-word conversation with the local models, and where its time goes.

The peer is the language engine: time inside the local models is its, the rest is ours.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from random import Random
from typing import Any

import requests

from backend.client.extractor import Recording, SalesPromptExtractor
from backend.client.response import AnalysisResponse
from backend.transcripts.reader import read_transcript
from bench.support.machine import print_machine
from bench.support.statistics import Series
from tests.support.processes import ROOT

_SAMPLES = ("discovery_call.txt", "objection_call.vtt", "renewal_call.srt")


def make_conversation(words: int, seed: int) -> str:
    """Return a conversation of about `words` words: turns of the samples in random order."""
    lines = [line for name in _SAMPLES for line in _turns(ROOT / "samples" / name)]
    random = Random(seed)
    chosen: list[str] = []
    count = 0
    while count < words:
        line = random.choice(lines)
        chosen.append(line)
        count += len(line.split())
    return "\n".join(chosen)


def _turns(path: Path) -> list[str]:
    return [line for line in read_transcript(path).splitlines() if len(line.split()) > 3]


@contextmanager
def stack(*functions: str) -> Generator[Mapping[str, str]]:
    """Start a stack with an empty database and the named functions, by default all."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "functions").mkdir()
        for name in functions or ("*",):
            for source in (ROOT / "functions").glob(name):
                (Path(folder) / "functions" / source.name).symlink_to(source)
        for name in ("shared", "supabase"):
            (Path(folder) / name).symlink_to(ROOT / name)
        options = [
            "--workdir",
            folder,
            "--port",
            "0",
            "--db-port",
            "0",
            "-o",
            "json",
            "--no-reload",
        ]
        keyless = {
            k: v for k, v in os.environ.items() if not k.startswith(("OPENAI_", "ANTHROPIC_"))
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "edge", "start", *options],
            env=keyless,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline()) | {"PID": str(process.pid)}
        finally:
            process.terminate()
            process.wait(30)


def run_once(details: Mapping[str, str], text: str, name: str) -> tuple[AnalysisResponse, float]:
    """Return the response, and the milliseconds spent in the local models."""
    url, key = details["API_URL"], details["SERVICE_ROLE_KEY"]
    faults, secret = f"{url}/providers/_faults", {"apikey": key}
    requests.delete(faults, headers=secret, timeout=10)
    response = SalesPromptExtractor(url, key, log=StringIO()).extract(
        Recording(text, video_id=name, collection_id="bench")
    )
    assert response.is_success, response.error
    served: dict[str, Any] = requests.get(faults, headers=secret, timeout=10).json()
    return response, sum(served["processing_ms"].values())


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--words", type=int, default=10_000)
    options = parser.parse_args()
    print_machine()
    whole: list[float] = []
    engine: list[float] = []
    with stack() as details:
        run_once(details, make_conversation(200, seed=0), "warm-up")
        for run in range(options.runs):
            text = make_conversation(options.words, seed=run + 1)
            began = time.perf_counter()
            _, engine_ms = run_once(details, text, f"run-{run}")
            whole.append((time.perf_counter() - began) * 1000)
            engine.append(engine_ms)
    outside = [total - inside for total, inside in zip(whole, engine, strict=True)]
    for series in (
        Series(f"the whole job, {options.words:,} words", whole),
        Series("in the local models", engine),
        Series("outside them", outside),
    ):
        print(series)
    print(
        f"{Series('', outside).p50 / Series('', whole).p50:.0%} of the time is spent outside them"
    )


if __name__ == "__main__":
    main()
