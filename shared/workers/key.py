"""Who calls as a worker: the service with its key, or one worker with a key of its own."""

import re
from typing import Any, Final

from shared.auth.authenticate import authenticate
from shared.auth.credentials import Credentials
from shared.database.rpc import call_rpc
from shared.env import SupabaseEnv
from shared.errors import ForbiddenError, UnauthorizedError

_PREFIX: Final = "wk_"
_KEY: Final = re.compile(r"wk_[0-9a-f]{64}")
_SECONDS: Final = 10.0


async def identify_worker(credentials: Credentials, env: SupabaseEnv) -> str | None:
    """Return the name of the worker whose key it is, None for the service.

    Raises UnauthorizedError.
    """
    key = credentials.bearer or ""
    if not key.startswith(_PREFIX):
        await authenticate(("secret",), credentials, env)
        return None
    name: str | None = None
    if _KEY.fullmatch(key):
        name = await call_rpc(env, None, "find_worker_key_v1", {"key": key}, seconds=_SECONDS)
    if name is None:
        raise UnauthorizedError
    return name


async def find_job_of(worker: str | None, job_id: str, env: SupabaseEnv) -> dict[str, Any]:
    """Return a job that this worker took; for the service, any.

    Raises ForbiddenError JOB_OF_ANOTHER, and as calls of the database do.
    """
    job: dict[str, Any] = await call_rpc(
        env, None, "get_media_job_v1", {"job_id": job_id}, seconds=_SECONDS
    )
    if worker is not None and job["worker_id"] != worker:
        raise ForbiddenError("This worker does not hold the job.", code="JOB_OF_ANOTHER")
    return job
