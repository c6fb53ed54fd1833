"""HTTP client for campaigns: reads through the data API, actions through the functions."""

import json
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from uuid import UUID

import httpx
import psycopg

from backend.campaigns.project import CampaignError, running_stack
from backend.campaigns.simulated_clock import set_simulated_clock

_TIMEOUT: Final = 150.0
_ALWAYS: Final = {"opens_at": "00:00", "closes_at": "24:00", "calling_days": [1, 2, 3, 4, 5, 6, 7]}
_LOCAL_NUMBER: Final = "+12125550100"
_FASTEST_PACE: Final = 20.0
_OVER: Final = ("completed", "failed", "cancelled")
_LINES: Final = "application/x-ndjson"
_MEDIA: Final = {
    ".json": "application/json",
    ".jsonl": _LINES,
    ".ndjson": _LINES,
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@dataclass(frozen=True, slots=True)
class Progress:
    """Snapshot of a campaign: status, statistics, and the contacts calling and pending."""

    name: str
    status: str
    reason: str | None
    figures: Mapping[str, float]
    calling: int
    pending: int

    @property
    def is_over(self) -> bool:
        return self.status in _OVER


class Campaigns:
    """Acts with the service role on the running stack of the project at `workdir`."""

    def __init__(self, workdir: Path) -> None:
        self._stack = running_stack(workdir)
        token = self._stack["SERVICE_ROLE_KEY"]
        self._http = httpx.Client(
            base_url=self._stack["API_URL"],
            headers={
                "apikey": self._stack.get("SECRET_KEY") or token,
                "authorization": f"Bearer {token}",
            },
            timeout=_TIMEOUT,
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()

    def find(self, wanted: str) -> dict[str, Any] | None:
        """Return the campaign with this id, else the newest with this name, else None."""
        by = {"id": f"eq.{wanted}"} if _is_uuid(wanted) else {"name": f"eq.{wanted}"}
        found = self._rows("call_campaigns", {**by, "order": "created_at.desc", "limit": "1"})
        return found[0] if found else None

    def require(self, wanted: str) -> dict[str, Any]:
        """Return the campaign, or raise CampaignError that lists the newest ones."""
        if found := self.find(wanted):
            return found
        query = {"select": "name", "order": "created_at.desc", "limit": "5"}
        known = ", ".join(row["name"] for row in self._rows("call_campaigns", query))
        raise CampaignError(
            f"There is no campaign {wanted}.",
            cure=f"The newest are: {known}" if known else "Create one: edge campaign import FILE",
        )

    def create(self, name: str, *, at_any_hour: bool) -> dict[str, Any]:
        """Insert a draft campaign for the organization that can call.

        Adds an organization, agent and number to a local stack that has no phone number.
        """
        number = self._calling_number()
        query = {"organization_id": f"eq.{number['organization_id']}", "status": "eq.active"}
        agents = self._rows("agents", {**query, "order": "created_at", "limit": "1"})
        if not agents:
            raise CampaignError("The organization has no active agent.", cure="Add one to agents.")
        return self._insert(
            "call_campaigns",
            {
                "organization_id": number["organization_id"],
                "agent_id": agents[0]["id"],
                "phone_number_id": number["id"],
                "name": name,
                **(_ALWAYS if at_any_hour else {}),
            },
        )

    def add_contacts(
        self, campaign_id: str, file: Path, region: str, report: Callable[[int], None]
    ) -> dict[str, Any]:
        """Stream the file to import-contacts, report rows as they are read; return its result."""
        query = {"campaign_id": campaign_id, "default_region": region}
        with self._sent(file, query, {"accept": _LINES}) as reply:
            for line in reply.iter_lines():
                event = json.loads(line)
                if "error" in event:
                    raise CampaignError(f"The list was not imported: {event['error']['message']}")
                if "result" in event:
                    return event["result"]
                report(event["rows"])
        raise CampaignError("The import ended without a result: see edge logs import-contacts.")

    def preview_contacts(self, file: Path, region: str) -> dict[str, Any]:
        """Return how import-contacts reads the file; nothing is stored."""
        query = {"dry_run": "true", "default_region": region}
        with self._sent(file, query, {}) as reply:
            reply.read()
            return reply.json()

    @contextmanager
    def _sent(
        self, file: Path, query: Mapping[str, str], headers: Mapping[str, str]
    ) -> Generator[httpx.Response]:
        path = "/functions/v1/import-contacts"
        media = {"content-type": _MEDIA.get(file.suffix.lower(), "text/csv")}
        try:
            with (
                file.open("rb") as body,
                self._http.stream(
                    "POST", path, params=query, headers={**media, **headers}, content=body
                ) as reply,
            ):
                if reply.is_error:
                    reply.read()
                    raise CampaignError(f"{path} answered {reply.status_code}: {_message(reply)}")
                yield reply
        except httpx.HTTPError as exc:
            raise CampaignError(f"{path} does not answer: {exc or type(exc).__name__}") from exc
        except OSError as exc:
            raise CampaignError(f"{file} cannot be read: {exc.strerror}") from exc

    def act(self, action: str, campaign_id: str) -> dict[str, Any]:
        """Call campaign-trigger and return its response."""
        body = {"action": action, "campaign_id": campaign_id}
        return self._call("POST", "/functions/v1/campaign-trigger", json=body)

    def set_clock(self, rate: float) -> None:
        """Run campaigns and emulated calls `rate` times as fast from now on."""
        if "Retell" not in self._stack.get("EMULATED_PROVIDERS", "").split(","):
            raise CampaignError(
                "These campaigns call real phones: their clock cannot be changed.",
                cure="Start the stack without RETELL_API_KEY and RETELL_BASE_URL.",
            )
        now = datetime.now(UTC)
        pace = min(rate, _FASTEST_PACE)
        clock = {"now_ms": now.timestamp() * 1000, "rate": rate}
        control = {"clock": clock, "calls_per_second": pace}
        self._send("POST", "/providers/retell/_control", json=control)
        organizations = self._rows("organizations", {"select": "id"})
        paces = [{"organization_id": row["id"], "calls_per_second": pace} for row in organizations]
        merge = {"prefer": "resolution=merge-duplicates"}
        self._send("POST", "/rest/v1/dial_pace", json=paces, headers=merge)
        with psycopg.connect(self._stack["DB_URL"]) as connection:
            set_simulated_clock(connection, None if rate == 1 else now, rate)

    def progress(self, campaign_id: str) -> Progress:
        """Return the campaign's status and statistics now."""
        row = self._rows("call_campaigns", {"id": f"eq.{campaign_id}"})[0]
        figures = self._rows("campaign_statistics", {"campaign_id": f"eq.{campaign_id}"})[0]
        numbers = {k: float(v) for k, v in figures.items() if isinstance(v, int | float)}
        calling = self._count(campaign_id, "calling")
        pending = int(numbers["total"] - numbers["processed"]) - calling
        return Progress(row["name"], row["status"], row["status_reason"], numbers, calling, pending)

    def _calling_number(self) -> dict[str, Any]:
        query = {"status": "eq.active", "order": "is_primary.desc,created_at", "limit": "1"}
        if found := self._rows("phone_numbers", query):
            return found[0]
        if "REMOTE_URL" in self._stack:
            raise CampaignError(
                "No organization has a phone number.", cure="Add one to phone_numbers."
            )
        organization = self._insert("organizations", {"name": "Local organization"})["id"]
        agent = {"name": "Local agent", "retell_agent_id": "agent_local"}
        self._insert("agents", {"organization_id": organization, **agent})
        number = {"phone_number": _LOCAL_NUMBER, "is_primary": True}
        return self._insert("phone_numbers", {"organization_id": organization, **number})

    def _count(self, campaign_id: str, status: str) -> int:
        query = {"campaign_id": f"eq.{campaign_id}", "status": f"eq.{status}"}
        reply = self._send(
            "HEAD", "/rest/v1/campaign_contacts", params=query, headers={"prefer": "count=exact"}
        )
        return int(reply.headers["content-range"].rpartition("/")[2])

    def _rows(self, table: str, query: Mapping[str, str]) -> list[dict[str, Any]]:
        return self._call("GET", f"/rest/v1/{table}", params=query)

    def _insert(self, table: str, row: Mapping[str, Any]) -> dict[str, Any]:
        headers = {"prefer": "return=representation"}
        return self._call("POST", f"/rest/v1/{table}", json=row, headers=headers)[0]

    def _call(self, method: str, path: str, **parts: Any) -> Any:
        return self._send(method, path, **parts).json()

    def _send(self, method: str, path: str, **parts: Any) -> httpx.Response:
        try:
            reply = self._http.request(method, path, **parts)
        except httpx.HTTPError as exc:
            raise CampaignError(f"{path} does not answer: {exc or type(exc).__name__}") from exc
        if reply.is_error:
            raise CampaignError(f"{path} answered {reply.status_code}: {_message(reply)}")
        return reply


def _message(reply: httpx.Response) -> str:
    try:
        return str(reply.json()["message"])
    except (ValueError, KeyError, TypeError):
        return reply.text[:300]


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
