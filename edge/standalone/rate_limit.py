"""rate_limit for a function deployed alone, shared by all of its instances."""

import sys
import time
from dataclasses import dataclass, field

from starlette.requests import Request

from edge.production.cloud_logging import render_remark
from edge.production.shared_rate import SharedRate
from edge.runtime.errors import Refusal, rate_limited
from edge.runtime.pool.token_bucket import TokenBucket
from edge.standalone.environment import StandaloneEnvironment


@dataclass(slots=True)
class RateCheck:
    """Allows `rate` requests a second: in this process, and across instances in Postgres."""

    slug: str
    rate: float
    environment: StandaloneEnvironment
    _bucket: TokenBucket = field(init=False)
    _shared: SharedRate | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._bucket = TokenBucket(self.rate)
        if self.environment.url and self.environment.secret_keys:
            key = self.environment.secret_keys[0]
            self._shared = SharedRate(self.environment.url, key, _warn)

    async def __call__(self, request: Request) -> Refusal | None:
        wait = self._bucket.take()
        if not wait and self._shared:
            wait = await self._shared(self.slug, self.rate)
        return rate_limited(wait) if wait else None


def _warn(message: str) -> None:
    sys.stdout.buffer.write(render_remark("WARNING", message, time.time()))
    sys.stdout.flush()
