"""How many jobs a worker process does at once, and what it does when one is done."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field
from functools import cache
from typing import TypeVar

from shared.env import Env, current_env

from .job import Claim, State
from .run import Run
from .store import Store

Claimed = TypeVar("Claimed", bound=Claim | State | None)


@dataclass(slots=True)
class Crew:
    """The jobs at work in this process; whoever is done with one takes the next that waits."""

    capacity: int
    _at_work: int = field(default=0, init=False)
    _is_knocked: bool = field(default=False, init=False)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    @property
    def has_room(self) -> bool:
        return self._at_work < self.capacity and not self._stopping.is_set()

    def knock(self) -> None:
        """A job came for which there was no room."""
        self._is_knocked = True

    async def reserve(self, claiming: Awaitable[Claimed]) -> Claimed:
        """A place is taken before the claim, so that many requests at once do not overfill it.

        It is kept only for a claim: `work` leaves it.
        """
        self._at_work += 1
        try:
            claim = await claiming
        except BaseException:
            self._at_work -= 1
            raise
        if not isinstance(claim, Claim):
            self._at_work -= 1
        return claim

    def stop(self) -> None:
        """Begin nothing more."""
        self._stopping.set()

    async def work(self, env: Env, claim: Claim, ended: asyncio.Event) -> None:
        """This job, which sets `ended`, and then those that wait; the place is left in the end."""
        try:
            try:
                await Run(env, claim, self._stopping).carry_out()
            finally:
                ended.set()
            while following := await self._take_next(Store(env)):
                await Run(env, following, self._stopping).carry_out()
        finally:
            self._at_work -= 1

    async def _take_next(self, store: Store) -> Claim | None:
        """None only if nobody knocked while we looked: that job may have come too late for us."""
        while self._at_work <= self.capacity and not self._stopping.is_set():
            self._is_knocked = False
            claim = await store.claim_next()
            if claim or not self._is_knocked:
                return claim
        return None


@cache
def current_crew() -> Crew:
    """This process' own."""
    return Crew(current_env().talk_track.jobs_at_once)
