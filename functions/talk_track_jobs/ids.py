"""Parses ids in paths and queries."""

from uuid import UUID

from shared.errors import NotFoundError


def require_id(given: str) -> UUID:
    """Return the job id. Raises NotFoundError."""
    job_id = parse_id(given)
    if job_id is None:
        raise job_not_found()
    return job_id


def parse_id(given: str) -> UUID | None:
    """Return the UUID, None if it is none."""
    try:
        return UUID(given)
    except ValueError:
        return None


def job_not_found() -> NotFoundError:
    return NotFoundError("Job not found", code="JOB_NOT_FOUND")
