"""URLs by which a worker with a key of its own stores the files of a job that it took."""

import re
from typing import Any, Final
from uuid import UUID

from shared.context import Context
from shared.errors import BadInputError, ForbiddenError, NotFoundError
from shared.media.storage import WORKSPACE, Storage
from shared.workers.key import find_job_of

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


async def sign_upload(ctx: Context, worker: str | None, subpath: str) -> dict[str, Any]:
    """Return {url, path}: a PUT there stores a file of the job, from uploads/JOB/NAME.

    Raises BadInputError, ForbiddenError, NotFoundError.
    """
    _, _, rest = subpath.partition("/")
    given, _, name = rest.partition("/")
    try:
        job_id = str(UUID(given))
    except ValueError:
        raise BadInputError("POST /uploads/JOB_ID/FILE_NAME") from None
    if not _NAME.fullmatch(name):
        raise BadInputError("a file's name has letters, digits, dots, underscores and hyphens")
    job = await find_job_of(worker, job_id, ctx.env.supabase)
    if worker is not None and job["status"] != "processing":
        raise ForbiddenError("The job has ended: its files stay as they are.", code="JOB_ENDED")
    path = f"{job['user_id']}/{job_id}/{name}"
    url = await Storage(ctx.env.supabase).sign_upload(WORKSPACE, path)
    if url is None:
        raise NotFoundError(f"The bucket {WORKSPACE} does not exist.", code="BUCKET_NOT_FOUND")
    return {"url": url, "path": path}
