"""Enqueues jobs in the database: two calls at once, what comes meanwhile together in the next.

Under load a job then costs a part of a round trip and of a commit; without load it is sent
at once. A job is answered only when its transaction is committed.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from shared.database.rpc import call_rpc
from shared.env import SupabaseEnv
from shared.runtime.batches import Batches

_MOST: Final = 100
_AT_ONCE: Final = 2
_SECONDS: Final = 10.0

Job = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A job with its message, and who waits for the receipt."""

    job: Job
    payload: Job
    receipt: asyncio.Future[Job]

    @property
    def place(self) -> tuple[str, str, str]:
        """Return its place in a batch: all lock users' shares and idempotency keys alike."""
        return self.job["user_id"], self.job["idempotency_key"] or "", self.job["id"]


@dataclass(slots=True)
class Enqueuer:
    """One project's; used by one event loop."""

    env: SupabaseEnv
    _batches: Batches[_Waiting] = field(init=False)

    def __post_init__(self) -> None:
        self._batches = Batches(self._send_sorted, most=_MOST, at_once=_AT_ONCE)

    async def enqueue(self, job: Job, payload: Job) -> Job:
        """Return {job_id, status, queue_name, duplicate, position?, eta_seconds?}.

        Raises what a call of the database raises: APIError or httpx.TransportError.
        """
        receipt: asyncio.Future[Job] = asyncio.get_running_loop().create_future()
        self._batches.add(_Waiting(job, payload, receipt))
        return await receipt

    async def _send_sorted(self, batch: Sequence[_Waiting]) -> None:
        await self._send(sorted(batch, key=lambda waiting: waiting.place))

    async def _send(self, batch: Sequence[_Waiting]) -> None:
        """Enqueue a batch; one by one if the database refuses it as a whole."""
        from postgrest.exceptions import APIError

        entries = [{"job": each.job, "payload": each.payload} for each in batch]
        try:
            receipts = await call_rpc(
                self.env, None, "enqueue_media_jobs_v1", {"jobs": entries}, seconds=_SECONDS
            )
        except APIError as exc:
            if len(batch) == 1:
                _fail(batch, exc)
            for each in batch if len(batch) > 1 else ():
                await self._send([each])
        except Exception as exc:  # whoever waits for one of them has to know
            _fail(batch, exc)
        else:
            for each, receipt in zip(batch, receipts, strict=True):
                if error := receipt.get("error"):
                    _fail([each], APIError(error))
                elif not each.receipt.done():
                    each.receipt.set_result(receipt)


def _fail(batch: Sequence[_Waiting], error: Exception) -> None:
    for each in batch:
        if not each.receipt.done():
            each.receipt.set_exception(error)


@lru_cache(maxsize=1)
def enqueuer(env: SupabaseEnv) -> Enqueuer:
    """Return the one of this process."""
    return Enqueuer(env)
