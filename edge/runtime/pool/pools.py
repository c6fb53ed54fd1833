"""All functions and their pools: found, supervised, followed through changes on disk."""

import asyncio
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Final

from edge.errors import EdgeError
from edge.events import BootFailure, Observer, SourceChanged
from edge.operating_system import IS_LINUX, is_alive
from edge.project.limits import LimitsMode
from edge.project.manifest import TARGET, Function, discover
from edge.runtime.config import RuntimeConfig
from edge.runtime.launch.launcher import Launcher, WorkerSpec
from edge.runtime.launch.preload import LIBRARIES, ImportScanner
from edge.runtime.launch.subprocess_launcher import SubprocessLauncher
from edge.runtime.launch.zygote_client import ZygoteClient
from edge.runtime.pool.isolation import check_isolation, check_secret_files
from edge.runtime.pool.pool import Pool, Scaling
from edge.runtime.pool.process import BootError, Process
from edge.runtime.watch import watch

_LOG: Final = logging.getLogger(__name__)
_SUPERVISION_INTERVAL: Final = 0.1
_FIRST_UID: Final = 200_000
_SOCKETS: Final = "edge-fn-"


@dataclass(slots=True)
class FunctionPools:
    """Finds the functions, makes a pool for each on its first request, and follows changes."""

    config: RuntimeConfig
    observe: Observer
    functions: dict[str, Function] = field(default_factory=dict[str, Function], init=False)
    _pools: dict[str, Pool] = field(default_factory=dict[str, Pool], init=False)
    _scanner: ImportScanner = field(init=False)
    _uids: dict[str, int] = field(default_factory=dict[str, int], init=False)
    _launcher: Launcher | None = field(default=None, init=False)
    _sockets: Path | None = field(default=None, init=False)
    _discovered_ns: int = field(default=0, init=False)
    _numbers: "count[int]" = field(default_factory=lambda: count(1), init=False)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list[asyncio.Task[None]], init=False)

    def start(self) -> None:
        """Look for functions and start the zygote; from the main thread."""
        self._sockets = _make_socket_folder()
        if self.config.isolates_users:
            check_isolation(self.config.folder, self.config.secret_files)
            self._sockets.chmod(0o755)
        self._scanner = ImportScanner(self.config.root)
        self._discovered_ns = time.time_ns()
        self.functions = self._discover()
        self._launcher = self._make_launcher()
        self._launcher.start()
        self._tasks.append(asyncio.create_task(self._supervise()))
        if self.config.reload:
            self._tasks.append(asyncio.create_task(self._follow_changes()))

    async def close(self) -> None:
        """Let requests finish, end the workers and the zygote, remove the sockets."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*(pool.close() for pool in self._pools.values()))
        if self._launcher:
            await self._launcher.close()
        if self._sockets:
            shutil.rmtree(self._sockets, ignore_errors=True)

    def workers(self, slug: str) -> list[Process]:
        """Return the workers of a function that live."""
        return self._pools[slug].workers if slug in self._pools else []

    def reload(self, slug: str) -> None:
        """Let the function's next request run in a new worker."""
        if slug in self._pools:
            self._pools[slug].reload()

    def pool(self, function: Function) -> Pool:
        """Return the function's pool, made when it is first asked for."""
        slug = function.slug
        if slug not in self._pools:
            self._pools[slug] = self._make_pool(function)
        return self._pools[slug]

    def _make_pool(self, function: Function) -> Pool:
        launcher, sockets, slug = self._launcher, self._sockets, function.slug
        assert launcher is not None, "start() comes first"
        assert sockets is not None, "start() comes first"
        pool = Pool(
            slug,
            launcher,
            self.observe,
            plan=lambda execution_id: self._plan(self.functions[slug], execution_id),
            next_address=lambda: sockets / str(next(self._numbers)),
        )
        self._configure(pool, function)
        pool.sources.loaded.add(os.path.realpath(function.source))
        return pool

    def _configure(self, pool: Pool, function: Function) -> None:
        manifest, is_inspected = function.manifest, self.config.inspect == function.slug
        scaling = Scaling(
            max_workers=1 if is_inspected else manifest.max_workers,
            concurrency=manifest.concurrency,
            idle_timeout=manifest.idle_timeout,
            websockets=manifest.websockets,
            is_oneshot=(manifest.policy or self.config.policy) == "oneshot",
        )
        mode = LimitsMode.OFF if is_inspected else self.config.limits
        pool.configure(scaling, manifest.limits(mode))

    def _make_launcher(self) -> Launcher:
        if self.config.forks and IS_LINUX:
            return ZygoteClient(self.observe, self.config.base_environment, self._all_libraries)
        return SubprocessLauncher(self.config.base_environment)

    def _all_libraries(self) -> tuple[str, ...]:
        """Read the sources of all functions: milliseconds for each, so not on the event loop."""
        folders = [function.folder for function in self.functions.values()]
        found = {name for folder in folders for name in self._scanner.libraries_of(folder)}
        return tuple(name for name in LIBRARIES if name in found)

    def _plan(self, function: Function, execution_id: str) -> WorkerSpec:
        if function.fault:
            raise BootError(function.fault)
        try:
            if self.config.isolates_users:
                check_secret_files(self.config.folder, self.config.secret_files)
            environment = self.config.environment(function)
        except EdgeError as exc:
            raise BootError(str(exc)) from exc
        is_inspected = self.config.inspect == function.slug
        return WorkerSpec(
            source=str(function.source),
            target=function.manifest.entry_point or TARGET,
            root=str(self.config.root),
            environment={**environment, "SB_EXECUTION_ID": execution_id},
            uid=self._uid(function.slug) if self.config.isolates_users else None,
            inspect_port=self.config.inspect_port if is_inspected else None,
            concurrency=function.manifest.concurrency,
            socket_idle_timeout=function.manifest.idle_timeout,
            reports_files=self.config.reload,
            libraries=self._scanner.libraries_of(function.folder),
        )

    def _uid(self, slug: str) -> int:
        """Return an account of its own for each function, the same as long as the stack lives."""
        return self._uids.setdefault(slug, _FIRST_UID + len(self._uids))

    def _discover(self) -> dict[str, Function]:
        found = discover(self.config.folder, self.config.functions)
        only = self.config.only
        return {
            slug: function
            for slug, function in found.items()
            if function.manifest.enabled and (not only or slug in only)
        }

    async def _supervise(self) -> None:
        while True:
            await asyncio.sleep(_SUPERVISION_INTERVAL)
            now = time.monotonic()
            for pool in self._pools.values():
                pool.supervise(now)

    async def _follow_changes(self) -> None:
        """Reload on changes; poll where the kernel cannot report them."""
        try:
            await self._follow(polling=False)
        except (OSError, RuntimeError) as exc:
            _LOG.warning("File changes are polled for, the kernel does not report them: %s", exc)
            await self._follow(polling=True)

    async def _follow(self, *, polling: bool) -> None:
        async for changes in watch(self.config.root, self._discovered_ns, polling=polling):
            try:
                self.functions = self._discover()
            except EdgeError as exc:
                self.observe(BootFailure("functions", "", str(exc)))
                continue
            self._scanner.clear()
            for pool in self._pools.values():
                files = [str(each.path) for each in changes if pool.is_concerned(each)]
                if files:
                    self._reload(pool, files)

    def _reload(self, pool: Pool, files: Iterable[str]) -> None:
        if function := self.functions.get(pool.slug):
            self._configure(pool, function)
        pool.reload()
        self.observe(SourceChanged(pool.slug, tuple(files)))


def _make_socket_folder() -> Path:
    """Return a short path that names its owner; those of owners who were killed are removed."""
    for left in Path(tempfile.gettempdir()).glob(f"{_SOCKETS}*"):
        pid = left.name.removeprefix(_SOCKETS).partition("-")[0]
        if pid.isdigit() and not is_alive(int(pid)):
            shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{_SOCKETS}{os.getpid()}-"))
