"""Calls that were analysed: what was drawn from them, examples for training."""

from collections.abc import Mapping
from typing import Any, Final

from nicegui import ui

from backend.console.data import attempt, link_rows, select, select_one
from console import page
from console.api import project
from console.layout import heading
from console.ui.messages import empty
from console.ui.parts import facts, panel
from console.ui.table import Column, Table
from console.ui.text import text_block

_VIDEOS: Final = (
    Column("name", "Call", href="/console/training/{id}"),
    Column("collection_id", "Collection", "mono", optional=True),
    Column("kinds", "Drawn from it"),
    Column("created_at", "Stored", "time"),
)
_EXAMPLES: Final = (
    Column("type", "Type"),
    Column("input", "Input"),
    Column("output", "Output"),
    Column("quality", "Quality", "number", optional=True),
)
_TRAINING: Final = "/functions/v1/training-data"
_FORMATS: Final = "openai, anthropic, alpaca, sharegpt or ndjson"
_SHOWN: Final = 100


@page("/training", title="Training data", icon="school", group="Work", order=80)
async def training() -> None:
    """List the stored calls with what was drawn from them."""
    heading("Training data", "Stored calls, what was drawn from them, and examples for fine-tuning")
    videos = await select("videos", order="created_at.desc", limit=_SHOWN)
    if not videos:
        empty(
            "No call is stored yet",
            "Send a transcript to process-transcript, or upload one in the chat.",
            "scripts/demo",
        )
        return
    outputs = await select(
        "generated_outputs",
        select="video_id,output_type",
        video_id=f"in.({','.join(video['id'] for video in videos)})",
    )
    kinds: dict[str, set[str]] = {}
    for output in outputs:
        kinds.setdefault(output["video_id"], set()).add(output["output_type"])
    Table(
        _VIDEOS, [_render(video, kinds.get(video["id"], set())) for video in videos], label="Calls"
    )


def _render(video: Mapping[str, Any], kinds: set[str]) -> dict[str, Any]:
    return {**video, "name": _name(video), "kinds": ", ".join(sorted(kinds))}


def _name(video: Mapping[str, Any]) -> str:
    metadata = video["metadata"]
    return metadata.get("name") or metadata.get("title") or video["video_id"]


@page("/training/{video_id}", title="Stored call")
async def video(video_id: str) -> None:
    """Show a call: its transcript, what was drawn from it, its examples."""
    found = await select_one("videos", id=f"eq.{video_id}")
    if found is None:
        heading("Stored call")
        empty("There is no such call", "It may have been deleted.")
        return
    with heading(_name(found), f"{found['video_id']} in {found['collection_id']}"):
        draw = ui.button("Draw examples", icon="school").props("no-caps unelevated dense")
    examples = ui.element("div")

    async def show_examples() -> None:
        answer = await project().get(_TRAINING, video_id=video_id)
        rows = [{**row, "id": str(number)} for number, row in enumerate(answer["examples"])]
        examples.clear()
        with examples, panel("Examples for training"):
            if rows:
                Table(_EXAMPLES, rows, label="Examples")
                facts({"Export": f"GET {_TRAINING}/export?format={_FORMATS}"})
            else:
                ui.label("None yet: draw some.").classes("dim")

    async def make() -> None:
        await project().post(_TRAINING, {"video_id": video_id})
        await show_examples()

    draw.on_click(lambda: attempt(make, "Drawn."))
    await attempt(show_examples)
    transcript = await select_one("transcripts", video_id=f"eq.{video_id}")
    if transcript:
        with panel("Transcript"):
            text_block(transcript["full_text"], "Transcript")
    await _show_outputs(video_id)


async def _show_outputs(video_id: str) -> None:
    outputs = await select(
        "generated_outputs", video_id=f"eq.{video_id}", order="created_at.desc", limit=20
    )
    for output in outputs:
        if output["output_type"] == "training_data":
            continue
        with ui.expansion(output["output_type"].replace("_", " ").capitalize()).classes("full"):
            text_block(output["content"], output["output_type"])
    with panel("Rows"):
        link_rows(("videos",), "id", video_id)
        link_rows(("transcripts", "generated_outputs"), "video_id", video_id)
