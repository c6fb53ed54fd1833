"""`scripts/demo`: run a sales conversation through the whole stack and print the results."""

import argparse
import sys
import time
from hashlib import sha256
from pathlib import Path

from rich.console import Console
from rich.text import Text

from backend.client.extractor import Recording, SalesPromptExtractor
from backend.client.response import AnalysisResponse
from backend.demo.display import Display
from backend.demo.interruption import interrupt_on_signals
from backend.demo.process import StackDetails, StackError
from backend.demo.rows import RowsError, fetch_rows
from backend.demo.stack import local_stack
from backend.transcripts.reader import ENDINGS, load_transcript
from backend.transcripts.turns import Transcript, TranscriptError

_ROOT = Path(__file__).parents[2]
_SAMPLE = _ROOT / "samples" / "discovery_call.txt"


def main() -> int:
    """Return the exit status: 0 done, 1 a stage failed, 2 the stack did not start."""
    options = _parse_options()
    console = Console()
    interrupt_on_signals()
    try:
        transcript = load_transcript(options.transcript, options.call)
        return _run(Display(console), options, transcript)
    except (TranscriptError, StackError) as exc:
        _print_failure(console, exc)
        return 2
    except KeyboardInterrupt:
        console.print("\nStopped.")
        return 130


def _print_failure(console: Console, error: Exception) -> None:
    console.print("[bold red]✗[/bold red]", Text(str(error)), highlight=False, soft_wrap=True)


def _parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument(
        "transcript",
        nargs="?",
        type=Path,
        default=_SAMPLE,
        help=f"a conversation: {', '.join(ENDINGS)} (default: %(default)s)",
    )
    parser.add_argument("--call", help="which call of a file that holds several: its id or number")
    parser.add_argument("--port", type=int, help="the API's port (default: 54321, else a free one)")
    parser.add_argument("--keep", action="store_true", help="leave the stack up at the end")
    return parser.parse_args()


def _run(display: Display, options: argparse.Namespace, transcript: Transcript) -> int:
    console = display.console
    began = time.perf_counter()
    display.transcript(options.transcript.name, transcript)
    with local_stack(_ROOT, keep=options.keep, port=options.port, report=console.print) as stack:
        how = (
            "was running"
            if stack.was_running
            else f"started in {time.perf_counter() - began:.1f} s"
        )
        console.print(f"stack {how}: {stack.api_url}", highlight=False)
        response = _extract(display, stack, options, transcript.text)
        console.print(f"  in all {response.processing_time / 1000:.1f} s", style="dim")
        display.results(response)
        are_rows_shown = _show_rows(display, stack, response)
        if options.keep or stack.was_running:
            display.kept(stack)
    return 0 if response.is_success and are_rows_shown else 1


def _show_rows(display: Display, stack: StackDetails, response: AnalysisResponse) -> bool:
    if response.video_id is None:
        return True
    try:
        rows = fetch_rows(stack.api_url, stack.service_role_key, response.video_id)
    except RowsError as exc:
        _print_failure(display.console, exc)
        return False
    display.where(rows, stack)
    if any(row.model.startswith("local") for row in rows):
        display.real_models()
    return True


def _extract(
    display: Display, stack: StackDetails, options: argparse.Namespace, text: str
) -> AnalysisResponse:
    path: Path = options.transcript
    log_file = _ROOT / ".edge" / "runs.jsonl"
    with log_file.open("a") as log:
        extractor = SalesPromptExtractor(
            stack.api_url, stack.service_role_key, on_progress=display.on_progress, log=log
        )
        source = f"{path.resolve()}{options.call or ''}"
        name = f"{path.stem}-{sha256(source.encode()).hexdigest()[:8]}"
        return extractor.extract(Recording(text, video_id=name, collection_id="demo"))


if __name__ == "__main__":
    sys.exit(main())
