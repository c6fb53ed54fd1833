"""Runner: works on stored runs, those of this instance and those that another one left."""

import asyncio
import logging
from contextlib import suppress
from typing import Final
from uuid import uuid4

from backend.chat.agents.agent import AgentError, Turn
from backend.chat.agents.registry import UnknownAgentError, choose_agent
from backend.chat.emitter import Emitter
from backend.chat.functions import Functions
from backend.chat.json_text import render_beside
from backend.chat.library import Library, LibraryError
from backend.chat.messages import TERMINAL, Output
from backend.chat.stores.store import LEASE_SECONDS, Run, Store, StoreError
from backend.chat.transcription import STORED, TRANSCRIBED

_MOST_RUNS: Final = 64
_MOST_ATTEMPTS: Final = 3
_KEPT: Final = "kept_stages"
"""In a session's context: stages of a failed run that the next one needs not repeat."""
_MOST_KEPT: Final = 2 << 20
_LONGEST_RUN: Final = 3600.0
"""Seconds; a recording of some hours is transcribed part by part."""
_POLL_SECONDS: Final = 2.0
_INTERRUPTED: Final = "The work was interrupted. Press send to try again."
_BROKEN: Final = (
    "Something went wrong. Try again; if it happens again, give your team the number below."
)
_log = logging.getLogger("chat")


class Runner:
    """Claims runs and lets agents work on them, up to 64 at a time."""

    def __init__(
        self, store: Store, emitter: Emitter, library: Library, functions: Functions
    ) -> None:
        self._store = store
        self._emitter = emitter
        self._library = library
        self._functions = functions
        self._worker = uuid4().hex
        self._is_due = asyncio.Event()
        self._tasks: dict[asyncio.Task[None], Run] = {}
        self._loops: list[asyncio.Task[None]] = []

    @property
    def active(self) -> int:
        """Number of runs that are worked on."""
        return len(self._tasks)

    def start(self) -> None:
        """Look for runs in the background."""
        self._loops = [asyncio.create_task(self._claim()), asyncio.create_task(self._renew())]

    async def stop(self) -> None:
        """Cancel the runs and return them, so that another instance continues them at once."""
        tasks = [*self._loops, *self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        with suppress(StoreError):
            await self._store.release(self._worker)

    def wake(self) -> None:
        """Look for runs now."""
        self._is_due.set()

    async def _claim(self) -> None:
        while True:
            self._is_due.clear()
            try:
                while len(self._tasks) < _MOST_RUNS:
                    run = await self._store.claim(self._worker)
                    if run is None:
                        break
                    task = asyncio.create_task(self._work(run))
                    self._tasks[task] = run
                    task.add_done_callback(self._end)
            except StoreError:
                _log.warning("Runs cannot be read: the database does not answer. Trying again.")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._is_due.wait(), _POLL_SECONDS)

    def _end(self, task: asyncio.Task[None]) -> None:
        self._tasks.pop(task, None)
        self.wake()
        if not task.cancelled() and (error := task.exception()):
            _log.error("A run could not be ended.", exc_info=error)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(LEASE_SECONDS / 3)
            with suppress(StoreError):
                if self._tasks:
                    await self._store.renew(self._worker, list(self._tasks.values()))

    async def _work(self, run: Run) -> None:
        given = run.message
        output = Output(given.session_id, given.conv_id, run.output_id)
        request_id = str(uuid4())
        try:
            if run.attempts > _MOST_ATTEMPTS:
                output.fail(_INTERRUPTED, "interrupted", request_id)
            else:
                async with asyncio.timeout(_LONGEST_RUN):
                    await self._run(run, output, request_id)
        except (AgentError, UnknownAgentError, LibraryError) as exc:
            code = exc.code if isinstance(exc, AgentError) else "unknown_agent"
            code = "library_failed" if isinstance(exc, LibraryError) else code
            output.fail(str(exc), code, request_id)
        except TimeoutError:
            output.fail("The work took too long and was stopped.", "timeout", request_id)
        except Exception as exc:
            _log.exception("Run %s failed.", request_id)
            output.fail(_BROKEN, type(exc).__name__, request_id)
        if run.stages:
            output.metadata["stages_completed"] = list(run.stages)
        if output.status == "error":
            await self._keep_stages(run)
        await self._emitter.publish(output.render())
        await self._store.finish(run)

    async def _keep_stages(self, run: Run) -> None:
        """Keep what was transcribed, which takes long and costs, for the session's next run."""
        kept = {name: run.stages[name] for name in run.stages if name.startswith(TRANSCRIBED)}
        if kept and len(await render_beside(kept)) <= _MOST_KEPT:
            context = await self._store.fetch_context(run.message.session_id)
            await self._store.save_context(run.message.session_id, {**context, _KEPT: kept})

    async def _run(self, run: Run, output: Output, request_id: str) -> None:
        agent, text, options = choose_agent(run.message)
        output.agent = agent.name
        context = await self._store.fetch_context(run.message.session_id)
        before = dict(context)
        for name, result in context.pop(_KEPT, {}).items():
            run.stages.setdefault(name, result)

        async def publish() -> None:
            await self._emitter.publish(output.render())

        turn = Turn(
            message=run.message,
            text=text,
            options=options,
            owner=run.owner,
            output=output,
            stages=run.stages,
            context=context,
            library=self._library,
            functions=self._functions,
            publish=publish,
            record=lambda stage, result: self._store.record_stage(run, stage, result),
            request_id=request_id,
        )
        await agent.run(turn)
        if _KEPT in before and not any(name.startswith(STORED) for name in run.stages):
            context[_KEPT] = before[_KEPT]
        if context != before:
            await self._store.save_context(run.message.session_id, context)
        if output.status not in TERMINAL:
            output.end("success")
