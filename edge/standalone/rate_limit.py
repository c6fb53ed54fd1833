"""A function's rate_limit where no gateway stands in front, shared by all of its instances."""

import sys
import time
from dataclasses import dataclass, field

from starlette.requests import Request

from edge.production.cloud_logging import render_remark
from edge.production.shared_rate import SharedRate
from edge.runtime.errors import Refusal, rate_limited
from edge.runtime.pool.token_bucket import Bucket
from edge.standalone.environment import Surroundings


@dataclass(slots=True)
class RateCheck:
    """`rate` requests a second, of this process and, in the project's Postgres, of all."""

    slug: str
    rate: float
    surroundings: Surroundings
    _bucket: Bucket = field(init=False)
    _shared: SharedRate | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._bucket = Bucket(self.rate)
        if self.surroundings.url and self.surroundings.secret_keys:
            key = self.surroundings.secret_keys[0]
            self._shared = SharedRate(self.surroundings.url, key, _tell)

    async def __call__(self, request: Request) -> Refusal | None:
        wait = self._bucket.take()
        if not wait and self._shared:
            wait = await self._shared(self.slug, self.rate)
        return rate_limited(wait) if wait else None


def _tell(message: str) -> None:
    sys.stdout.buffer.write(render_remark("WARNING", message, time.time()))
    sys.stdout.flush()
