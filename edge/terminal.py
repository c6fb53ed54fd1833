"""Events as a person reads them in a terminal, one line each."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from rich.console import Console
from rich.text import Text

from edge.events import (
    Boot,
    BootFailure,
    Event,
    LogLine,
    RequestServed,
    Shutdown,
    ShutdownReason,
    SourceChanged,
    ZygoteReady,
)

_STATUS_STYLES = {2: "green", 3: "cyan", 4: "yellow", 5: "red"}


@dataclass(frozen=True, slots=True)
class Terminal:
    """An observer that writes to `console`."""

    console: Console

    def __call__(self, event: Event) -> None:
        for text in _render(event):
            line = Text.assemble((f"{datetime.now():%H:%M:%S} ", "dim"), text)  # noqa: DTZ005 - a person's clock
            self.console.print(line, soft_wrap=True, highlight=False)


def _render(event: Event) -> Iterator[Text]:
    match event:
        case RequestServed():
            yield _render_request(event)
        case LogLine():
            yield _render_line(event)
        case Boot():
            yield _about(event.slug, f"ready in {event.boot_ms:.0f} ms", "dim")
        case BootFailure():
            yield _about(event.slug, "cannot start; save a fix to try again:", "bold red")
            for line in event.message.splitlines():
                yield Text("    " + line, "red")
        case Shutdown(reason=ShutdownReason.EVENT_LOOP_COMPLETED):
            yield _about(event.slug, f"its worker ended with status {event.status}", "red")
        case SourceChanged():
            yield _about(event.slug, f"reloads: {', '.join(event.files[:3])}", "dim")
        case ZygoteReady():
            yield Text(
                f"functions start in milliseconds from now ({event.preload_ms:.0f} ms)", "dim"
            )
        case _:
            return


def _about(slug: str, text: str, style: str) -> Text:
    return Text.assemble((f"{slug:<20} ", "bold"), (text, style))


def _render_request(event: RequestServed) -> Text:
    style = _STATUS_STYLES.get(event.status // 100, "")
    return Text.assemble(
        (f"{event.slug:<20} ", "bold"),
        (f"{event.status} ", style),
        f"{event.method} {event.path} ",
        (f"{event.duration_ms:.0f} ms", "dim"),
    )


def _render_line(event: LogLine) -> Text:
    record = _request_record(event.text)
    if record is None:
        return _about(event.slug, event.text, "red" if event.stream == "stderr" else "")
    stages = cast("dict[str, dict[str, Any]]", record["stages"])
    parts = [f"{name} {stage.get('duration_ms', 0):.0f} ms" for name, stage in stages.items()]
    failed = record.get("error")
    outcome = f" · {failed}" if failed else ""
    return _about(event.slug, f"{' · '.join(parts) or 'no stages'}{outcome}", "dim")


def _request_record(text: str) -> dict[str, Any] | None:
    """The record of one request that our functions log as JSON, if that is what the line is."""
    if not text.startswith("{"):
        return None
    try:
        record = json.loads(text)
    except ValueError:
        return None
    is_request = "request_id" in record and isinstance(record.get("stages"), dict)
    return record if is_request else None
