"""Terminal output of `edge start`: events as readable lines, or as JSON lines."""

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import IO, Final, Literal, Protocol

from rich.color import ColorSystem
from rich.console import COLOR_SYSTEMS, Console
from rich.style import Style

from edge.events import (
    Boot,
    BootFailure,
    Event,
    Level,
    LogLine,
    RequestServed,
    Shutdown,
    ShutdownReason,
    SourceChanged,
    UncaughtException,
    WorkerRetired,
    ZygoteLost,
    ZygoteReady,
)
from edge.logs.description import describe
from edge.logs.entry import render_entry
from edge.logs.queue import LinesDropped, TimestampedEvent
from edge.logs.record import RequestRecord

LogFormat = Literal["text", "json"]
Piece = tuple[str, str]
"""Text and its style in rich's notation. A line is a list of them."""

_STATUS_STYLES: Final = {2: "green", 3: "cyan", 4: "yellow", 5: "red"}
_LEVEL_STYLES: Final = {
    Level.DEBUG: "dim",
    Level.INFO: "",
    Level.WARNING: "yellow",
    Level.ERROR: "red",
}
_LIMITS: Final = {
    ShutdownReason.WALL_CLOCK_TIME: "wall-clock time",
    ShutdownReason.CPU_TIME: "CPU time",
    ShutdownReason.MEMORY: "memory",
    ShutdownReason.EVENT_LOOP_BLOCKED: "blocking its event loop",
}
_COLOUR: Final = r"\x1b\[[0-9;]*m"
_CONTROL: Final = re.compile(rf"({_COLOUR})|[\x00-\x08\x0a-\x1f\x7f-\x9f\ud800-\udfff]")
_ESCAPE: Final = "\x1b"
_RESET: Final = "\x1b[0m"
_SHORT_ID: Final = 8
_INDENT: Final = "    "


class Screen(Protocol):
    """Output of events: called as an observer, or with batches from the queue's thread."""

    def __call__(self, event: Event) -> None: ...
    def write(self, batch: Sequence[TimestampedEvent]) -> None: ...


def terminal_observer(console: Console, log_format: LogFormat = "text") -> Screen:
    """Return the output of `edge start` and `edge functions serve` for that format."""
    return JsonLines(console.file) if log_format == "json" else Terminal(console)


@dataclass(frozen=True, slots=True)
class JsonLines:
    """Writes each event as the log store does."""

    out: IO[str]

    def __call__(self, event: Event) -> None:
        self.write([TimestampedEvent(time.time(), event)])

    def write(self, batch: Sequence[TimestampedEvent]) -> None:
        lines = [render_entry(describe(stamped)).decode() + "\n" for stamped in batch]
        _write_out(self.out, "".join(lines))


@dataclass(slots=True)
class Terminal:
    """Writes readable lines to `console`; a repeated boot failure is shortened to one line."""

    console: Console
    _brush: "_Brush" = field(init=False)
    _reported: dict[str, str] = field(default_factory=dict[str, str], init=False)
    """Boot failure last reported, by function, until it boots."""
    _retired: set[str] = field(default_factory=set[str], init=False)
    """Workers reported as close to a limit, until they end."""

    def __post_init__(self) -> None:
        self._brush = _brush_of(self.console)

    def __call__(self, event: Event) -> None:
        self.write([TimestampedEvent(time.time(), event)])

    def write(self, batch: Sequence[TimestampedEvent]) -> None:
        painted = [self._paint(stamped) for stamped in batch]
        _write_out(self.console.file, "".join(painted))

    def _paint(self, stamped: TimestampedEvent) -> str:
        clock = (_clock(int(stamped.time)), "dim")
        lines = self._render(stamped.event)
        return "".join(self._brush.paint([clock, *line]) + "\n" for line in lines)

    def _render(self, event: Event | LinesDropped) -> Iterator[list[Piece]]:
        match event:
            case Boot(slug, boot_ms=boot_ms):
                self._reported.pop(slug, None)
                yield _about(slug, f"ready in {boot_ms:.0f} ms", "dim")
            case BootFailure():
                yield from self._render_boot_failure(event)
            case WorkerRetired():
                yield from self._render_retirement(event)
            case Shutdown():
                yield from self._render_shutdown(event)
            case ZygoteReady() | ZygoteLost():
                self._retired.clear()
                yield _render_zygote(event)
            case _:
                yield from _render_other(event)

    def _render_boot_failure(self, event: BootFailure) -> Iterator[list[Piece]]:
        lines = event.message.splitlines()
        if self._reported.get(event.slug) == event.message:
            last = lines[-1] if lines else ""
            yield _about(event.slug, f"still cannot start: {last}", "red")
            return
        self._reported[event.slug] = event.message
        yield _about(event.slug, "cannot start; save a fix to try again:", "bold red")
        for line in lines:
            yield [(_INDENT + _plain(line), "red")]

    def _render_retirement(self, event: WorkerRetired) -> Iterator[list[Piece]]:
        if limit := _LIMITS.get(event.reason):
            self._retired.add(event.execution_id)
            yield _about(event.slug, f"is close to its limit of {limit}: replaced", "yellow")

    def _render_shutdown(self, event: Shutdown) -> Iterator[list[Piece]]:
        was_reported = event.execution_id in self._retired
        self._retired.discard(event.execution_id)
        used = f"after {event.cpu_ms:.0f} ms of CPU, {event.memory_bytes / 1048576:.0f} MB"
        if event.reason is ShutdownReason.EVENT_LOOP_COMPLETED:
            yield _about(event.slug, f"its worker ended {_cause(event.status)} {used}", "red")
        elif was_reported:
            yield _about(event.slug, f"its worker ended {used}", "dim")
        elif limit := _LIMITS.get(event.reason):
            yield _about(event.slug, f"its worker was ended: limit of {limit}, {used}", "red")


@dataclass(frozen=True, slots=True)
class _Brush:
    """Applies styles as rich does, 100 times as fast: keeps up with many requests a second."""

    colours: ColorSystem | None
    is_grey: bool

    def paint(self, line: Sequence[Piece]) -> str:
        return "".join(self._paint(text, style) for text, style in line)

    def _paint(self, text: str, style: str) -> str:
        if _ESCAPE in text:  # a function's own colours
            text = text + _RESET if self.colours and not self.is_grey else _plain(text)
        if not self.colours:
            return text
        wanted = Style.parse(style)
        return (wanted.without_color if self.is_grey else wanted).render(
            text, color_system=self.colours
        )


def _brush_of(console: Console) -> _Brush:
    """Return the brush for the console's colours."""
    return _Brush(COLOR_SYSTEMS.get(console.color_system or ""), console.no_color)


@lru_cache(maxsize=4)
def _clock(second: int) -> str:
    """Render the local time; thousands of lines may be of the same second."""
    return f"{datetime.fromtimestamp(second):%H:%M:%S} "  # noqa: DTZ006 - local time


def _write_out(out: IO[str], text: str) -> None:
    with suppress(OSError):  # keep serving when the terminal is closed
        out.write(text)
        out.flush()


def _cause(status: int) -> str:
    return f"by signal {-status}" if status < 0 else f"with status {status}"


def _about(slug: str, text: str, style: str) -> list[Piece]:
    return [(f"{slug:<20} ", "bold"), (_plain(text), style)]


def _render_other(
    event: RequestServed | LogLine | SourceChanged | LinesDropped | UncaughtException,
) -> Iterator[list[Piece]]:
    """Render events that do not change the state of the terminal."""
    match event:
        case RequestServed():
            yield _render_request(event)
        case LogLine():
            yield from _render_line(event)
        case SourceChanged(slug, files):
            yield _about(slug, f"reloads: {', '.join(files[:3])}", "dim")
        case LinesDropped(slug, count, cause):
            yield _about(slug, f"{count} lines are missing here: {cause}", "yellow")
        case UncaughtException():
            return  # its traceback was shown as log lines


def _render_request(event: RequestServed) -> list[Piece]:
    style = _STATUS_STYLES.get(event.status // 100, "")
    return [
        (f"{_plain(event.slug):<20} ", "bold"),
        (f"{event.status} ", style),
        (f"{event.method} {_plain(event.path)} ", ""),
        (f"{event.code} " if event.code else "", style),
        (f"{event.duration_ms:.0f} ms", "dim"),
        (" cold" if event.is_cold else "", "dim"),
        (f" {event.request_id[:_SHORT_ID]}" if event.request_id else "", "dim"),
    ]


def _render_line(event: LogLine) -> Iterator[list[Piece]]:
    if event.record:
        yield from _render_record(event.slug, event.record)
        return
    yield [(f"{event.slug:<20} ", "bold"), (_coloured(event.text), _LEVEL_STYLES[event.level])]


def _render_record(slug: str, record: RequestRecord) -> Iterator[list[Piece]]:
    parts = [f"{stage.name} {stage.duration_ms:.0f} ms" for stage in record.stages]
    request_id = f" {record.request_id[:_SHORT_ID]}"
    yield _about(slug, (" · ".join(parts) or "no stages") + request_id, "dim")
    if failure := record.failure:
        is_ours = record.status is None or record.status >= 500
        summary = f"{failure.code}: {failure.message}" if failure.code else failure.message
        yield _about(slug, summary, "red" if is_ours else "yellow")
        # A provider's failure needs only its message; one of our code also needs the traceback.
        if failure.traceback and not failure.provider:
            for line in failure.traceback.splitlines():
                yield [(_INDENT + _plain(line), "red")]


def _render_zygote(event: ZygoteReady | ZygoteLost) -> list[Piece]:
    if isinstance(event, ZygoteReady):
        took = f"({event.preload_ms:.0f} ms)"
        return [(f"functions start in milliseconds from now {took}", "dim")]
    cause = "" if event.status is None else f" {_cause(event.status)}"
    text = f"the zygote ended{cause}, and its workers with it; another is started"
    return [(text, "bold red")]


def _plain(text: str) -> str:
    """Remove control characters, colours and lone surrogates."""
    return _CONTROL.sub("", text)


def _coloured(text: str) -> str:
    """Remove control characters and lone surrogates, but keep colours."""
    return _CONTROL.sub(lambda found: found[1] or "", text)
