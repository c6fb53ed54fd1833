"""One job from its claim to its end: chunks written side by side while the lease is watched."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Final

from shared.env import Env
from shared.talk_tracks.jobs import invoke_generation

from .deck import Chunk
from .document import render_talk_track
from .job import Claim
from .script import Script
from .store import Store
from .writer import ChunkError, Writer

_WATCH_SECONDS: Final = 1.0


class LeaseLostError(Exception):
    """The job was cancelled, or somebody else works on it now: what we do is not wanted."""


@dataclass(slots=True)
class Run:
    """`stopping` is set when the worker's end is near: no chunk is begun any more."""

    env: Env
    claim: Claim
    stopping: asyncio.Event
    _store: Store = field(init=False)
    _scripts: dict[int, Script] = field(init=False)
    _waiting: deque[Chunk] = field(init=False)
    _failure: ChunkError | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._store = Store(self.env)
        self._scripts = dict(self.claim.saved)
        self._waiting = deque(self.claim.missing_chunks())

    async def carry_out(self) -> None:
        """Work until the job has ended, or is no longer ours; a call in flight is dropped then."""
        try:
            async with asyncio.TaskGroup() as tasks:
                watch = tasks.create_task(self._watch())
                await self._work()
                watch.cancel()
        except* LeaseLostError:
            pass  # whoever holds the lease, or ended the job, knows more than we do

    async def _work(self) -> None:
        async with asyncio.TaskGroup() as lanes:
            for _ in range(min(self.env.talk_track.concurrency, len(self._waiting))):
                lanes.create_task(self._write_chunks())
        if self._failure:
            held = await self._store.fail(self.claim, str(self._failure))
        elif self._waiting:
            held = await self._hand_over()
        else:
            track = render_talk_track(self.claim.deck, self._scripts)
            held = await self._store.finish(self.claim, track)
        if not held:
            raise LeaseLostError

    async def _write_chunks(self) -> None:
        """One chunk after the other; what others have in flight is waited for after a failure."""
        writer = Writer(self.claim.deck, self._store, self._find_style)
        while self._waiting and not self._failure and not self.stopping.is_set():
            chunk = self._waiting.popleft()
            try:
                script = await writer.write(chunk)
            except ChunkError as exc:
                self._failure = self._failure or exc
                return
            if not await self._store.save(self.claim, chunk, script):
                raise LeaseLostError
            self._scripts[chunk.index] = script

    def _find_style(self, chunk: Chunk) -> str | None:
        """How the nearest chunk before it sounds, of those that are written."""
        before = [index for index in self._scripts if index < chunk.index]
        return self._scripts[max(before)].sample if before else None

    async def _watch(self) -> None:
        seconds = min(_WATCH_SECONDS, self.env.talk_track.lease_seconds / 3)
        while await self._store.renew(self.claim):  # noqa: ASYNC110 - the event is a row's
            await asyncio.sleep(seconds)
        raise LeaseLostError

    async def _hand_over(self) -> bool:
        held = await self._store.release(self.claim)
        await invoke_generation(self.env.supabase, str(self.claim.id))
        return held
