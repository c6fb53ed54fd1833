"""Cold start of each function deployed alone: its bundle against one that imports everything.

Ours is the output of `edge bundle`, in an environment of only its requirements. The naive one is
the same function with all of shared/ and the packages of all functions, all imported at the top of
its main.py. Both are started as a platform starts them, in turns. The time is from the start of the
process to the function's response to an empty request: lazy imports of a real request (a model's
client, for example) are not included.
"""

import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Final

from bench.support.machine import print_machine
from bench.support.statistics import Series, print_at_most
from edge.deploy.atomic_folder import replace_folder
from edge.deploy.bundle.build import Bundle, build_bundle
from edge.deploy.bundle.imports import SHARED, ImportCollector
from edge.deploy.bundle.requirements import LOCK, read_lock, render
from edge.tokens import mint
from tests.support.processes import ROOT, free_port

_SECRET: Final = "a-secret-of-a-benchmark-of-thirty-two-characters"
# The first start, which is not measured, compiles what pip does not.
_PIP: Final = ("--no-deps", "--require-hashes", "--only-binary=:all:", "--no-compile", "--quiet")
_DEADLINE: Final = 120


@dataclass(frozen=True, slots=True)
class Deployed:
    """Folder of a bundle, and the interpreter of its environment."""

    folder: Path
    python: Path

    def measure(self) -> float:
        """Return the milliseconds from the start of its process to its response."""
        port = free_port()
        began = time.perf_counter()
        with self._running(port) as process:
            status = _first_status(port, process)
            spent = (time.perf_counter() - began) * 1000
        if status >= 500:
            raise SystemExit(f"{self.folder.name} answered {status}")
        return spent

    @contextmanager
    def _running(self, port: int) -> Generator[subprocess.Popen[bytes]]:
        options = ["--source", "main.py", "--target", "main", "--asgi", "--port", str(port)]
        environment = {
            "PATH": f"{self.python.parent}:{os.environ['PATH']}",
            "SUPABASE_URL": "http://127.0.0.1:9",  # an empty request gets no further
            "SUPABASE_ANON_KEY": mint(_SECRET, "anon"),
            "SUPABASE_SERVICE_ROLE_KEY": mint(_SECRET, "service_role"),
            "SUPABASE_JWT_SECRET": _SECRET,
            "RETELL_API_KEY": "local",
        }
        process = subprocess.Popen(
            [str(self.python), "-m", "functions_framework", *options],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            os.killpg(process.pid, signal.SIGKILL)  # and the server's worker
            process.wait()


def _first_status(port: int, process: subprocess.Popen[bytes]) -> int:
    ends_at = time.monotonic() + _DEADLINE
    headers = {"authorization": f"Bearer {mint(_SECRET, 'service_role')}"}
    headers["content-type"] = "application/json"
    while True:
        connection = HTTPConnection("127.0.0.1", port, timeout=_DEADLINE)
        try:
            connection.request("POST", "/", b"{}", headers)
            return connection.getresponse().status
        except OSError:
            if process.poll() is not None or time.monotonic() > ends_at:
                raise
            time.sleep(0.001)
        finally:
            connection.close()


def measure_deployed(rounds: int) -> None:
    """Measure every function of the project and print the results."""
    print_machine()
    slugs = sorted(path.parent.name.replace("_", "-") for path in ROOT.glob("functions/*/main.py"))
    bundles = [build_bundle(ROOT, slug) for slug in slugs]
    names = {name for bundle in bundles for name in bundle.manifest["packages"]}
    with tempfile.TemporaryDirectory(prefix="edge-deployed-") as temporary:
        home = Path(temporary)
        lock = read_lock(ROOT / LOCK)
        everything = _install(render(lock[name] for name in names), home)
        eager = _eager_imports(slugs)
        for bundle in bundles:
            ours = _put(bundle.files, home / bundle.slug, bundle.files["requirements.txt"])
            naive = Deployed(home / f"{bundle.slug}-naive", everything)
            replace_folder(naive.folder, _naive_files(bundle, eager))
            _compare(bundle.slug, ours, naive, rounds)


def _put(files: Mapping[str, bytes], folder: Path, requirements: bytes) -> Deployed:
    replace_folder(folder, files)
    return Deployed(folder, _install(requirements, folder.parent))


def _install(requirements: bytes, home: Path) -> Path:
    """Create an environment with only these packages; return its interpreter."""
    folder = home / hashlib.sha256(requirements).hexdigest()[:12]
    python = folder / "bin/python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
        listed = folder / "requirements.txt"
        listed.write_bytes(requirements)
        pip = [sys.executable, "-m", "pip", "--python", str(python), "install", *_PIP]
        done = subprocess.run([*pip, "-r", str(listed)], check=False, capture_output=True)
        if done.returncode:
            raise SystemExit(done.stderr.decode())
    return python


def _eager_imports(slugs: Iterable[str]) -> str:
    """Return import lines of every package that a function imports, and of every shared module."""
    packages: set[str] = set()
    shared = {_dotted(path) for path in ROOT.glob("shared/**/*.py")}
    for slug in slugs:
        package = f"functions.{slug.replace('-', '_')}"
        follower = ImportCollector(ROOT, package, frozenset((SHARED,)))
        for path in ROOT.joinpath(*package.split(".")).rglob("*.py"):
            follower.follow(_dotted(path))
        packages |= follower.found.packages.keys()
    return "".join(f"import {name}\n" for name in sorted({*packages, *shared}))


def _dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _naive_files(bundle: Bundle, eager: str) -> dict[str, bytes]:
    shared = (path for path in ROOT.glob("shared/**/*") if path.is_file())
    files = {
        path.relative_to(ROOT).as_posix(): path.read_bytes()
        for path in shared
        if "__pycache__" not in path.parts
    }
    return {**bundle.files, **files, "main.py": eager.encode() + bundle.files["main.py"]}


def _compare(slug: str, ours: Deployed, naive: Deployed, rounds: int) -> None:
    """Measure in turns, after one start each, which compiles the modules."""
    for each in (ours, naive):
        each.measure()
    pairs = [(ours.measure(), naive.measure()) for _ in range(rounds)]
    bundle = Series(slug, [pair[0] for pair in pairs])
    peer = Series(f"{slug}, importing everything", [pair[1] for pair in pairs])
    print(bundle)
    print(peer, flush=True)
    share = 100 * bundle.p50 / peer.p50
    print_at_most(f"cold start of {slug} alone, of the naive bundle's", share, 60, "%")
