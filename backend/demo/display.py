"""Output of the demonstration: stages as they happen, then the results."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from rich.console import Console
from rich.markdown import Markdown
from rich.rule import Rule
from rich.text import Text

from backend.client.events import Event, StageFailed, StageRetried, StageStarted, StageSucceeded
from backend.client.response import AnalysisResponse
from backend.demo.process import StackDetails
from backend.demo.rows import StoredRow
from backend.transcripts.turns import Transcript

_LABELS: Final = {
    "transcript_processing": "process-transcript",
    "structured_data": "structured-data",
    "voice_prompt": "voice-prompt",
}
_SECTIONS: Final = (
    ("sales_techniques", "Sales techniques", "name"),
    ("communication_strategies", "Communication strategies", "type"),
    ("objection_handling", "Objections", "objection"),
    ("voice_agent_guidelines", "Guidelines for the voice agent", "description"),
)
_SHOWN: Final = 4


@dataclass(frozen=True, slots=True)
class Display:
    """Writes to `console`; `on_progress` is the observer of a run."""

    console: Console

    def transcript(self, name: str, transcript: Transcript) -> None:
        """Print what was read, and what to look at before its results are believed."""
        words = len(transcript.text.split())
        self.console.print(f"{name}: {words:,} words, read as {transcript.format}", highlight=False)
        for notice in transcript.notices:
            line = Text.assemble(("  ! ", "bold yellow"), notice)
            self.console.print(line, highlight=False, soft_wrap=True)

    def on_progress(self, event: Event) -> None:
        label = f"{_LABELS[event.stage]:<19}"
        match event:
            case StageStarted():
                if self.console.is_terminal:
                    self.console.print(f"  … {label}", end="\r")
            case StageRetried():
                self.console.print(
                    f"  ↻ {label} again ({event.attempt}): {event.reason}", soft_wrap=True
                )
            case StageSucceeded():
                note = _summarise(event.stage, event.result)
                self.console.print(
                    f"  [green]✓[/green] {label} {event.duration_ms:>6} ms  {note}",
                    soft_wrap=True,
                    highlight=False,
                )
            case StageFailed():
                self.console.print(
                    f"  [red]✗[/red] {label} {event.duration_ms:>6} ms  {event.message}"
                )

    def results(self, response: AnalysisResponse) -> None:
        """Print analysis, structured data and voice prompt, as far as they exist."""
        if response.analysis:
            self._heading("Analysis")
            self.console.print(Markdown(response.analysis))
        if response.structured_data:
            self._heading("Structured data")
            self._structured(response.structured_data)
        if response.voice_prompt:
            self._heading("Voice prompt, ready to paste")
            self.console.print(Text(response.voice_prompt), soft_wrap=True)

    def where(self, rows: Iterable[StoredRow], stack: StackDetails) -> None:
        """Print the stored rows, and the URL of the database."""
        self._heading("Where it is stored")
        for row in rows:
            line = f"  {row.table:<18} {row.id}  {row.what}"
            self.console.print(line, Text(row.model, "dim"), soft_wrap=True, highlight=False)
        self.console.print(f"Database: {stack.db_url}", style="dim", soft_wrap=True)

    def real_models(self) -> None:
        """Print how to use real models instead of the local, extractive ones."""
        self._heading("With real models")
        self.console.print(
            "This ran on local models that only extract: no key, no network.\n"
            "Put OPENAI_API_KEY and ANTHROPIC_API_KEY into functions/.env, or before the command:\n"
            "  OPENAI_API_KEY=sk-… ANTHROPIC_API_KEY=sk-ant-… scripts/demo\n"
            "OPENAI_MODEL and ANTHROPIC_MODEL choose the models, OPENAI_BASE_URL and\n"
            "ANTHROPIC_BASE_URL another server that speaks their protocol.",
            highlight=False,
            soft_wrap=True,
        )

    def kept(self, stack: StackDetails) -> None:
        """Print URLs and keys of a stack that keeps running."""
        self._heading("The stack stays up")
        for name, value in (
            ("API URL", stack.api_url),
            ("DB URL", stack.db_url),
            ("anon key", stack.anon_key),
            ("service_role key", stack.service_role_key),
            ("secret key", stack.secret_key),
        ):
            self.console.print(f"{name:>17}: {value}", soft_wrap=True, highlight=False)
        self.console.print("Stop it with: .venv/bin/edge stop", highlight=False)

    def _heading(self, text: str) -> None:
        self.console.print()
        self.console.print(Rule(text, align="left"))

    def _structured(self, data: Mapping[str, Any]) -> None:
        for key, title, name in _SECTIONS:
            entries: list[dict[str, Any]] = data.get(key) or []
            self.console.print(f"[bold]{title}[/bold] ({len(entries)})")
            for entry in entries[:_SHOWN]:
                self.console.print(_entry(key, entry, name), soft_wrap=True)
            if len(entries) > _SHOWN:
                self.console.print(f"  … and {len(entries) - _SHOWN} more", style="dim")
        metrics: dict[str, Any] = data.get("key_metrics") or {}
        known = [f"{k.replace('_', ' ')} {v}" for k, v in metrics.items() if v is not None]
        if known:
            self.console.print(f"[bold]Key metrics[/bold]  {' · '.join(known)}", highlight=False)


def _entry(key: str, entry: Mapping[str, Any], name: str) -> Text:
    text = Text("  • ")
    if key == "voice_agent_guidelines":
        text.append("do: " if entry["type"] == "do" else "don't: ", "bold")
    text.append(str(entry[name]))
    if effectiveness := entry.get("effectiveness"):
        text.append(f"  [{effectiveness}]", "dim")
    quote = entry.get("response") or next(iter(entry.get("examples") or ()), None)
    if quote:
        text.append(f"\n      “{quote}”", "italic")
    return text


def _summarise(stage: str, result: Mapping[str, Any]) -> str:
    if stage == "transcript_processing":
        source = "as stored before" if result.get("reused") else f"by {result['embedding_model']}"
        return f"{result['chunk_count']} chunks, {result['token_count']} tokens, {source}"
    if stage == "structured_data":
        counts = (
            f"{len(result.get(key) or ())} {title.lower()}" for key, title, _ in _SECTIONS[:3]
        )
        return ", ".join(counts)
    return f"{len(result['prompt'].split())} words"
