"""Recorded requests on the terminal: a line each, or one with its spans, log lines and bodies."""

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

from rich.text import Text

from edge.cli.console import answers

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_WIDTH: Final = 24
_LONGEST_BODY: Final = 4000
_DIFF_STYLES: Final = {"+": "green", "-": "red", "@": "cyan"}


def clean(text: object) -> str:
    """Return text that cannot move the cursor."""
    return _CONTROL.sub("", str(text))


def render_request(item: Mapping[str, Any], now: datetime) -> Text:
    """Render time, status, duration, method, path and error; the id comes last."""
    at = datetime.fromisoformat(item["started_at"]).astimezone(now.tzinfo)
    clock = f"{at:%H:%M:%S}" if at.date() == now.date() else f"{at:%Y-%m-%d %H:%M:%S}"
    status = item["status"]
    style = "red" if status >= 500 else "yellow" if status >= 400 else "green"
    error = " ".join(clean(item[name]) for name in ("code", "error") if item[name])
    marks = (" cold" if item["cold"] else "") + (" replay" if item["replay_of"] else "")
    return Text.assemble(
        (f"{clock} ", "dim"),
        (f"{status} ", style),
        f"{item['duration_ms']:>8.1f} ms  ",
        (f"{item['method']} {clean(item['path'])}", "bold"),
        (marks, "cyan"),
        (f"  {error}" if error else "", style),
        (f"  {item['id']}", "dim"),
    )


def print_request(found: Mapping[str, Any]) -> None:
    """Print one request with all that is known of it."""
    answers.print(render_request(found, datetime.now().astimezone()))
    caller = " ".join(clean(found[name]) for name in ("role", "sub") if found[name])
    answers.print(Text(f"caller: {caller or 'none'}"))
    if found["replay_of"]:
        answers.print(Text(f"replay of {found['replay_of']}"))
    for replay in found["replays"]:
        answers.print(Text(f"replayed as {replay}"))
    _print_spans(found["spans"])
    _print_usage(found.get("usage"))
    _title("Log")
    for line in found["logs"]:
        answers.print(Text(f"  {line['level']:<8}{clean(line['text'])}"))
    for side in ("request", "response"):
        _print_message(side, found[side])


def _print_spans(spans: Sequence[Mapping[str, Any]]) -> None:
    """Draw a bar for each span, on one scale."""
    _title("Time")
    longest = max((span["end_us"] for span in spans), default=0) or 1
    for span in spans:
        start = round(span["start_us"] / longest * _WIDTH)
        length = max(round((span["end_us"] - span["start_us"]) / longest * _WIDTH), 1)
        bar = (" " * min(start, _WIDTH - 1) + "█" * length)[:_WIDTH]
        took = (span["end_us"] - span["start_us"]) / 1000
        tokens = _tokens(span["attributes"])
        name = clean(span["name"])
        answers.print(Text(f"  {bar:<{_WIDTH}} {took:>9.1f} ms  {name}{tokens}"))


def _tokens(attributes: Mapping[str, Any]) -> str:
    given, made = (attributes.get(f"gen_ai.usage.{n}_tokens") for n in ("input", "output"))
    if not (given or made):
        return ""
    cost = _dollars(attributes.get("gen_ai.usage.cost"), attributes.get("edge.cost.computed"))
    return f"  ({given or 0} + {made or 0} tokens{cost})"


def _print_usage(usage: Mapping[str, Any] | None) -> None:
    """Print the sum of the calls to models."""
    if usage is None:
        return
    _title("Tokens and cost")
    cost = _dollars(usage["cost"], usage["computed"])
    answers.print(Text(f"  {usage['input_tokens']} + {usage['output_tokens']} tokens{cost}"))
    if usage["hint"]:
        answers.print(Text(f"  {clean(usage['hint'])}", "dim"))


def _dollars(cost: float | None, is_computed: Any) -> str:
    return "" if cost is None else f", ${cost:,.6f}" + (" computed" if is_computed else "")


def _print_message(side: str, message: Mapping[str, Any] | None) -> None:
    if message is None:
        return
    cut = ", only the beginning is stored" if message["truncated"] else ""
    _title(side.capitalize() + cut)
    for name, value in message["headers"]:
        answers.print(Text(f"  {clean(name)}: {clean(value)}", "dim"))
    print_body(message["body"], message["encoding"])


def print_body(body: str, encoding: str) -> None:
    """Print a body: JSON with a member on each line."""
    if encoding != "utf8":
        answers.print(Text("  (no text: see it with --json)", "dim"))
        return
    with suppress(ValueError, RecursionError):
        body = json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    more = " …" if len(body) > _LONGEST_BODY else ""
    answers.print(Text("\n".join(map(clean, body[:_LONGEST_BODY].splitlines())) + more))


def print_diff(diff: Mapping[str, Any]) -> None:
    """Print what differs from the recorded answer."""
    if not any(diff.values()):
        answers.print(Text("The answer is the same as before.", "green"))
        return
    if status := diff["status"]:
        answers.print(Text(f"status: {status['before']} → {status['after']}", "yellow"))
    for header in diff["headers"] or ():
        change = f"{header['name']}: {header['before']} → {header['after']}"
        answers.print(Text(clean(change), "yellow"))
    for line in (diff["body"] or "").splitlines():
        answers.print(Text(clean(line), _DIFF_STYLES.get(line[:1], "")))


def _title(text: str) -> None:
    answers.print(Text(text, "bold"))
