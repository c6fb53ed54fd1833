"""Runs one claimed job: writes its chunks concurrently while the lease is renewed."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from shared.env import Env
from shared.errors import BadInputError
from shared.jobs.lease import LeaseLostError, run_leased
from shared.llm.env import OpenAIEnv
from shared.talk_tracks.env import TalkTrackEnv
from shared.talk_tracks.jobs import invoke_generation
from shared.talk_tracks.slides import check_slides

from .deck import Chunk
from .document import render_talk_track
from .job import Claim
from .script import Script
from .store import Store
from .writer import ChunkError, Writer

_RENEWAL_SECONDS: Final = 1.0


@dataclass(slots=True)
class JobRunner:
    """`stopping` is set when the worker shuts down: no further chunk starts."""

    env: Env
    openai: OpenAIEnv
    settings: TalkTrackEnv
    claim: Claim
    stopping: asyncio.Event
    _store: Store = field(init=False)
    _scripts: dict[int, Script] = field(init=False)
    _waiting: deque[Chunk] = field(init=False)
    _failure: ChunkError | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._store = Store(self.env, self.settings)
        self._scripts = dict(self.claim.saved)
        self._waiting = deque(self.claim.missing_chunks())

    async def run(self) -> None:
        """Run until the job has ended or its lease is lost, which cancels calls in flight."""
        interval = min(_RENEWAL_SECONDS, self.settings.lease_seconds / 3)
        await run_leased(self._write, partial(self._store.renew, self.claim), interval)

    async def _write(self) -> None:
        self._failure = _find_problem(self.claim)
        async with asyncio.TaskGroup() as lanes:
            for _ in range(min(self.settings.concurrency, len(self._waiting))):
                lanes.create_task(self._write_chunks())
        if self._failure:
            is_held = await self._store.fail(self.claim, str(self._failure))
        elif self._waiting:
            is_held = await self._hand_over()
        else:
            track = render_talk_track(self.claim.deck, self._scripts)
            is_held = await self._store.finish(self.claim, track)
        if not is_held:
            raise LeaseLostError

    async def _write_chunks(self) -> None:
        """Write one chunk after the other until none is left, one has failed, or on shutdown."""
        writer = Writer(self.openai, self.claim.deck, self._store, self._find_style)
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
        """Return a sample of the nearest earlier chunk that is written, if any."""
        before = [index for index in self._scripts if index < chunk.index]
        return self._scripts[max(before)].sample if before else None

    async def _hand_over(self) -> bool:
        is_held = await self._store.release(self.claim)
        await invoke_generation(self.env.supabase, str(self.claim.id))
        return is_held


def _find_problem(claim: Claim) -> ChunkError | None:
    """Return why the deck cannot have a talk track."""
    try:
        check_slides(claim.deck.slides)
    except BadInputError as exc:
        return ChunkError(exc.message)
    return None
