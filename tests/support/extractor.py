"""The three functions as `responses` answers for them, and an extractor that retries at once."""

from dataclasses import dataclass, field
from io import StringIO
from typing import Any

import responses

from backend.client.events import Event
from backend.client.extractor import Recording, SalesPromptExtractor
from backend.client.functions import FunctionClient

URL = "http://stack.test"
UUID = "1b4e28ba-2fa1-41d2-883f-0016d3cca427"
STRUCTURED: dict[str, Any] = {
    "sales_techniques": [],
    "communication_strategies": [],
    "objection_handling": [],
    "voice_agent_guidelines": [],
    "key_metrics": None,
}
RESULTS: dict[str, dict[str, Any]] = {
    "process-transcript": {"video_uuid": UUID, "chunk_count": 1},
    "structured-data": {"analysis": "# Good call", **STRUCTURED, "id": "i"},
    "voice-prompt": {"prompt": "Hello! You are …", "id": "i"},
}
RECORDING = Recording("Ann: Hi", "call-7", "calls", {"team": "west"})


@dataclass
class Functions:
    """Three functions that succeed until a reply is set."""

    mock: responses.RequestsMock

    def reply(self, slug: str, **options: Any) -> None:
        """The next reply of a function; the last one given is repeated."""
        self.mock.add(responses.POST, f"{URL}/functions/v1/{slug}", **options)

    def succeed(self, *slugs: str) -> None:
        for slug in slugs or RESULTS:
            self.reply(slug, json={"status": "success", "data": {"result": RESULTS[slug]}})

    def fail(self, slug: str, status: int, **error: Any) -> None:
        self.reply(slug, status=status, json={"status": "error", "data": {}, "error": error})

    def calls(self, slug: str) -> int:
        return sum(f"/{slug}" in (call.request.url or "") for call in self.mock.calls)


@dataclass
class Run:
    """An extractor with its events and its log."""

    log: StringIO = field(default_factory=StringIO)
    events: list[Event] = field(default_factory=list[Event])

    @property
    def extractor(self) -> SalesPromptExtractor:
        client = FunctionClient(URL, "key", wait_initial=0.001)
        return SalesPromptExtractor(
            URL, "key", on_progress=self.events.append, log=self.log, client=client
        )
