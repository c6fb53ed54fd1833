"""The functions that SQL may call in this process, by name."""

from datetime import UTC, datetime
from typing import Any, Final

from edge.emulator.postgres.host_crypto import cipher, crypt
from edge.emulator.postgres.host_server import HostError, HostFunction

_MAX_BODY: Final = 16 << 20
_TIMEOUT: Final = 5.0  # pgsql-http's default


def check_schedule(schedule: str) -> bool:
    """Whether pg_cron would take the schedule."""
    from cronsim import CronSim, CronSimError

    from edge.emulator.scheduler import NICKNAMES, SECONDS

    when = schedule.strip().lower()
    if SECONDS.match(when):
        return True
    try:
        CronSim(NICKNAMES.get(when, when).replace("$", "L"), datetime.now(UTC))
    except CronSimError:
        return False
    return True


def http(
    *, method: str, uri: str, headers: list[list[str]], content: str | None, timeout: float | None
) -> dict[str, Any]:
    """Send a request for the `http` extension; the body is text or, if it is not UTF-8, base64."""
    import httpx

    try:
        with httpx.stream(
            method,
            uri,
            headers=[(name, value) for name, value in headers],
            content=content.encode() if content is not None else None,
            timeout=timeout or _TIMEOUT,
            follow_redirects=True,
        ) as response:
            body = _read(response)
    except httpx.ConnectError as exc:
        raise HostError(f"Could not connect to {exc.request.url.host}: {exc}", "XX000") from exc
    except (httpx.HTTPError, httpx.InvalidURL) as exc:
        raise HostError(str(exc) or type(exc).__name__, "XX000") from exc
    return {
        "status": response.status_code,
        "content_type": response.headers.get("content-type"),
        "headers": response.headers.multi_items(),
        "content": body.decode(errors="replace").replace("\0", ""),
    }


def _read(response: Any) -> bytes:
    body = bytearray()
    for piece in response.iter_bytes():
        body += piece
        if len(body) > _MAX_BODY:
            raise HostError(f"the response is larger than {_MAX_BODY >> 20} MB", "54000")
    return bytes(body)


FUNCTIONS: Final[dict[str, HostFunction]] = {
    "crypt": crypt,
    "cipher": cipher,
    "check_schedule": check_schedule,
    "http": http,
}
