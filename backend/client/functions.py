"""HTTP client of edge functions; retries transient errors."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

import requests
import stamina

from backend.client.reply import read_error

_RETRIES: Final = 3
_CONNECT_SECONDS: Final = 5.0
_LONGEST_WAIT: Final = 30.0
# ChunkedEncodingError is a response cut off in the middle; it is not a ConnectionError.
_BROKEN: Final = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)


class FunctionCallError(Exception):
    """The call failed. `code` is the function's, or one of this client if it sent none."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class TransientCallError(FunctionCallError):
    """The call may succeed if retried; `retry_after` is the response's Retry-After in seconds."""

    def __init__(self, message: str, *, code: str, retry_after: float | None = None) -> None:
        super().__init__(message, code=code)
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class FunctionClient:
    """Client of a project's functions; `key` is the service role key or a user's token."""

    base_url: str
    key: str
    timeout: float = 160.0  # a function may take 150
    wait_initial: float = 0.5
    session: requests.Session = field(default_factory=requests.Session, repr=False)

    def call(
        self,
        slug: str,
        body: Mapping[str, Any],
        *,
        request_id: str,
        on_retry: Callable[[int, FunctionCallError], None],
    ) -> dict[str, Any]:
        """Return `data` of the function's response. Raises FunctionCallError.

        Retries 5xx, timeouts and broken connections up to three times, with exponential back-off
        and jitter. A 4xx is not retried.
        """
        failure: FunctionCallError | None = None
        for attempt in stamina.retry_context(
            on=_wait_before_retry,
            attempts=1 + _RETRIES,
            timeout=None,
            wait_initial=self.wait_initial,
            wait_max=self.wait_initial * 16,
            wait_jitter=self.wait_initial,
        ):
            with attempt:
                if failure is not None:
                    on_retry(attempt.num, failure)
                try:
                    return self._call_once(slug, body, request_id)
                except FunctionCallError as exc:
                    failure = exc
                    raise
        raise AssertionError("the last attempt returns or raises")  # pragma: no cover

    def _call_once(self, slug: str, body: Mapping[str, Any], request_id: str) -> dict[str, Any]:
        try:
            response = self.session.post(
                f"{self.base_url.rstrip('/')}/functions/v1/{slug}",
                json=body,
                headers={
                    "Authorization": f"Bearer {self.key}",
                    "apikey": self.key,
                    "X-Request-Id": request_id,
                },
                timeout=(_CONNECT_SECONDS, self.timeout),
            )
        except requests.Timeout as exc:
            message = f"{slug} did not answer in {self.timeout:g} s."
            raise TransientCallError(message, code="TIMEOUT") from exc
        except _BROKEN as exc:
            message = f"The connection to {slug} could not be made or broke."
            raise TransientCallError(message, code="CONNECTION_FAILED") from exc
        except requests.RequestException as exc:
            raise FunctionCallError(f"{slug} could not be called.", code="BAD_CALL") from exc
        return _read_reply(slug, response)


def _wait_before_retry(error: Exception) -> bool | float:
    """Return whether to retry; a number replaces the usual wait, in seconds."""
    if not isinstance(error, TransientCallError):
        return False
    if error.retry_after is None:
        return True
    return error.retry_after if error.retry_after <= _LONGEST_WAIT else False


def _read_reply(slug: str, response: requests.Response) -> dict[str, Any]:
    body = _parse_object(response)
    if response.status_code >= 400:
        raise _failure(slug, response, body)
    data = body.get("data")
    if not response.content:  # the connection broke within the headers
        raise TransientCallError(f"{slug} sent no reply.", code="CONNECTION_FAILED")
    if not isinstance(data, dict) or not isinstance(cast("Any", data).get("result"), dict):
        raise FunctionCallError(f"{slug} sent a reply that cannot be read.", code="BAD_REPLY")
    return cast("dict[str, Any]", data)


def _parse_object(response: requests.Response) -> dict[str, Any]:
    try:
        body: Any = response.json()
    except ValueError:
        return {}
    return cast("dict[str, Any]", body) if isinstance(body, dict) else {}


def _failure(slug: str, response: requests.Response, body: dict[str, Any]) -> FunctionCallError:
    status = response.status_code
    message, code = read_error(slug, status, body)
    if status < 500:
        return FunctionCallError(message, code=code)
    return TransientCallError(message, code=code, retry_after=_retry_after(response))


def _retry_after(response: requests.Response) -> float | None:
    """Return Retry-After in seconds; None for a date, which is never used for short waits."""
    try:
        seconds = float(response.headers.get("Retry-After", ""))
    except ValueError:
        return None
    return seconds if seconds >= 0 else None
