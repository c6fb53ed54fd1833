"""Media jobs: the queues and the jobs in them; retry, cancel, and a picture of a prompt."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from nicegui import ui

from backend.console.data import (
    as_user,
    attempt,
    badge,
    call,
    every,
    find_users,
    moment,
    offer_user,
    select,
    select_one,
)
from console import ApiError, page
from console.api import project
from console.layout import heading
from console.ui.dialogs import confirm
from console.ui.filters import Filters
from console.ui.messages import empty
from console.ui.parts import facts, panel
from console.ui.preview import preview
from console.ui.table import Column, Table
from console.ui.text import clip, json_block, text_block

_TONES: Final = {"completed": "good", "failed": "bad", "processing": "warn", "cancelled": "plain"}
_COLUMNS: Final = (
    Column("original_prompt", "Prompt", href="/console/jobs/{id}"),
    Column("status", "Status", "status", tones=_TONES),
    Column("job_type", "Type", "mono", optional=True),
    Column("queue_name", "Queue", "mono", optional=True),
    Column("tries", "Tries", optional=True),
    Column("error_message", "Error"),
    Column("queued_at", "Queued", "time"),
)
_QUEUES: Final = (
    Column("name", "Queue", "mono"),
    Column("state", "State", "status", tones={"running": "good", "paused": "warn"}),
    Column("depth", "Waiting", "number"),
    Column("in_flight", "With a worker", "number"),
    Column("oldest", "Oldest"),
    Column("average", "A job takes", optional=True),
    Column("failed", "Failed", "number", href="/console/jobs?status=failed"),
    Column("by", "Paused by", optional=True),
    Column("act", "", "action"),
)
_STATES: Final = {
    "queued": "Waiting",
    "processing": "With a worker",
    "completed": "Completed",
    "failed": "Failed: dead letters",
    "cancelled": "Cancelled",
}
_FILTERS: Final = ("q", "status", "job_type")
_TYPES: Final = (
    "sdxl_image_fast",
    "sdxl_image_high",
    "video_fast",
    "video_high",
    "rv51_fast",
    "rv51_high",
)
_READ: Final = (
    "id,original_prompt,status,job_type,queue_name,attempts,max_attempts,error_message,queued_at"
)
_SHOWN: Final = 100
_PAUSE: Final = "Pause"
_FIRST: Final = 10
"""The highest priority; the lowest is as far below 0."""
_MOST_CHANGED: Final = 1000


@page("/jobs", title="Media jobs", icon="auto_awesome", group="Work", order=40)
async def jobs() -> None:
    """List the queues and the newest jobs that match the address."""
    parameters = ui.context.client.request.query_params
    with heading("Media jobs", "Pictures and videos from prompts, by way of the queue"):
        retry = ui.button("Retry all that failed …", icon="replay").props("flat no-caps")
        cancel = ui.button("Cancel all that wait …", icon="stop").props("flat no-caps")
    queues = Table(_QUEUES, label="Queues", row_key="name")
    filters = Filters("/jobs", {name: parameters.get(name, "") for name in _FILTERS})
    filters.search("q", "Words or an error")
    filters.select("status", "Status", _STATES)
    filters.select("job_type", "Type", _TYPES)
    retry.on_click(lambda: _retry_all(filters))
    cancel.on_click(lambda: _cancel_all(filters))
    message = ui.element("div")
    table = Table(_COLUMNS, label="Jobs")

    async def load() -> None:
        failed = await _count_failed()
        rows = _queue_rows(await call("get_media_queues_v1"))
        queues.set_rows([{**row, "failed": failed.get(row["name"])} for row in rows])
        by = {**_conditions(filters.values), "order": "created_at.desc", "limit": _SHOWN}
        found = await select("jobs", select=_READ, **by)
        table.set_rows([_render(row) for row in found])
        table.set_visibility(bool(found))
        message.set_visibility(not found)

    with message:
        empty(
            "No job here",
            "Write a prompt below, or call the function queue-job.",
            "edge queue list",
        )

    async def switch(name: str) -> None:
        shown = next(row for row in queues.rows if row["name"] == name)
        await attempt(partial(_switch, name, shown["act"]))
        await load()

    queues.on_act(lambda key, _column: switch(key))
    filters.on_change = load
    await load()
    every(1.0, load)
    await _add_form()


async def _switch(queue: str, act: str) -> None:
    if act == _PAUSE:
        await call("pause_media_queue_v1", queue=queue, who="the console")
    else:
        await call("resume_media_queue_v1", queue=queue)


def _conditions(values: Mapping[str, str], status: str = "") -> dict[str, str]:
    """Return the data API's conditions of the filters that are set; `status` replaces theirs."""
    by = {name: f"eq.{values[name]}" for name in ("status", "job_type") if values.get(name)}
    if text := "".join(c for c in values.get("q", "") if c not in '*,()"\\%'):
        by["or"] = f'(original_prompt.ilike."*{text}*",error_message.ilike."*{text}*")'
    return {**by, **({"status": f"eq.{status}"} if status else {})}


async def _count_failed() -> dict[str, int]:
    """Count the failed jobs by queue, up to a limit."""
    rows = await select("jobs", select="queue_name", status="eq.failed", limit=_MOST_CHANGED)
    return Counter(row["queue_name"] for row in rows)


def _queue_rows(queues: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "depth": queue["depth"],
            "in_flight": queue["in_flight"],
            "oldest": _seconds(queue["oldest_age_seconds"]),
            "average": _seconds(queue["average_seconds"]),
            **_pause(queue),
        }
        for name, queue in sorted(queues.items())
    ]


def _pause(queue: Mapping[str, Any]) -> dict[str, str]:
    if not queue["paused_at"]:
        return {"state": "running", "by": "", "act": _PAUSE}
    return {"state": "paused", "by": queue["paused_by"] or "–", "act": "Resume"}


def _seconds(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _render(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "tries": f"{row['attempts']} of {row['max_attempts']}"}


async def _retry_all(filters: Filters) -> None:
    by = _conditions(filters.values, "failed")
    failed = await select("jobs", select="id", transport="neq.none", limit=_MOST_CHANGED, **by)
    if not failed:
        ui.notify("No job here has failed.")
    elif await confirm(f"Queue {len(failed):,} failed jobs again?", action="Retry"):
        retry = partial(call, "retry_media_job_v1")
        await _change([row["id"] for row in failed], lambda job_id: retry(job_id=job_id), "queued")


async def _cancel_all(filters: Filters) -> None:
    by = _conditions(filters.values, "queued")
    waiting = await select("jobs", select="id", limit=_MOST_CHANGED, **by)
    if not waiting:
        ui.notify("No job here waits.")
    elif await confirm(f"Cancel {len(waiting):,} jobs that wait?", action="Cancel them"):
        await _change([row["id"] for row in waiting], _cancel, "cancelled")


async def _change(
    ids: Sequence[str], change: Callable[[str], Awaitable[object]], what: str
) -> None:
    """Change jobs, one by one, with a bar and a button that stops."""
    stopped = False

    def stop() -> None:
        nonlocal stopped
        stopped = True

    with ui.dialog(value=True).props("persistent") as dialog, ui.card().classes("question"):
        with ui.element("h2"):
            ui.label(f"Jobs are {what}")
        bar = ui.linear_progress(0, show_value=False).props('aria-label="Progress"')
        text = ui.label("").props("aria-live=polite")
        ui.button("Stop", on_click=stop).props("flat no-caps")
    done = refused = 0
    for job_id in ids:
        if stopped:
            break
        try:
            await change(job_id)
        except ApiError:
            refused += 1
        done += 1
        bar.set_value(done / len(ids))
        text.set_text(f"{done:,} of {len(ids):,}, {refused:,} refused")
    dialog.close()
    changed = f"{done - refused:,} jobs are {what}."
    ui.notify(f"Stopped after {done:,} of {len(ids):,}: {changed}" if stopped else changed)


async def _add_form() -> None:
    users = await find_users()
    with panel("A picture of a prompt"):
        if not users:
            offer_user("Jobs belong to a user, and there is none yet.")
            return
        prompt = ui.textarea("Prompt").props("outlined autogrow maxlength=2000").classes("full")
        with ui.element("div").classes("row-wrap"):
            user = ui.select(users, label="For", value=next(iter(users))).props("dense outlined")
            kind = ui.select(list(_TYPES), label="Type", value=_TYPES[0]).props("dense outlined")
            button = ui.button("Queue it", icon="send").props("no-caps unelevated")

    button.on_click(
        lambda: attempt(lambda: _queue(user.value or "", kind.value or "", prompt.value or ""))
    )


async def _queue(user_id: str, job_type: str, prompt: str) -> None:
    """Queue a job for a user, and go to its page."""
    body = {"job_type": job_type, "prompt": prompt}
    headers = await as_user(user_id)
    answer = await project().request("POST", "/functions/v1/queue-job", body=body, headers=headers)
    ui.navigate.to(f"/jobs/{answer['jobId']}")


@page("/jobs/{job_id}", title="Media job")
async def job(job_id: str) -> None:
    """Show a job, its pictures as they come, and what a worker gets."""
    row = await select_one("jobs", id=f"eq.{job_id}")
    if row is None:
        heading("Media job")
        empty("There is no such job", "It may have been deleted.")
        return
    seen = dict(row)
    with heading("Media job", row["job_type"]):
        acts = _Acts(seen)
    state = ui.element("div").classes("stack").props("aria-live=polite")
    pictures = ui.element("div").classes("row-wrap")

    async def show() -> None:
        acts.show()
        state.clear()
        with state:
            _show_state(seen)
        await _show_pictures(pictures, seen)

    async def load() -> None:
        now = await select_one("jobs", id=f"eq.{job_id}")
        if now and now != seen:
            seen.update(now)
            await show()

    await show()
    every(0.7, load)
    with panel("Prompt"):
        text_block(row["original_prompt"], "Prompt")
        if row["enhanced_prompt"] and row["enhanced_prompt"] != row["original_prompt"]:
            text_block(row["enhanced_prompt"], "Enhanced prompt")
    if row["payload"]:
        with ui.expansion("What the worker gets").classes("full"):
            json_block(row["payload"], "Payload")


class _Acts:
    """What can be done with a job, as its row is now."""

    def __init__(self, job: Mapping[str, Any]) -> None:
        self._job = job
        job_id = job["id"]
        draw = partial(_queue, job["user_id"], job["job_type"], job["original_prompt"])
        self._retry = self._add(
            "Retry", "replay", partial(call, "retry_media_job_v1", job_id=job_id)
        )
        self._again = self._add("Draw it again", "autorenew", draw)
        self._cancel = self._add("Cancel", "stop", partial(_cancel, job_id))
        self._sooner = self._add("Sooner", "arrow_upward", partial(self._move, 1))
        self._later = self._add("Later", "arrow_downward", partial(self._move, -1))

    def show(self) -> None:
        """Show those that apply."""
        job, status = self._job, self._job["status"]
        is_open = status in {"queued", "processing"}
        self._retry.set_visibility(status == "failed")
        self._cancel.set_visibility(is_open)
        self._again.set_visibility(not is_open and bool(job["original_prompt"]))
        self._sooner.set_visibility(status == "queued" and job["priority"] < _FIRST)
        self._later.set_visibility(status == "queued" and job["priority"] > -_FIRST)

    def _add(self, label: str, icon: str, act: Callable[[], Awaitable[Any]]) -> ui.button:
        button = ui.button(label, icon=icon, on_click=lambda: attempt(act))
        return button.props("no-caps flat dense")

    async def _move(self, step: int) -> None:
        priority = self._job["priority"] + step
        await call("change_job_priority_v1", job_id=self._job["id"], priority=priority)


async def _cancel(job_id: str) -> None:
    query, body = {"id": f"eq.{job_id}"}, {"status": "cancelled"}
    await project().request("PATCH", "/rest/v1/jobs", query=query, body=body)


def _show_state(row: Mapping[str, Any]) -> None:
    badge(row["status"], _TONES)
    if row["error_message"]:
        ui.label(row["error_message"])
    facts(
        {
            "Queue": row["queue_name"],
            "Priority": f"{row['priority']}",
            "Worker": row["worker_id"],
            "Tries": f"{row['attempts']} of {row['max_attempts']}",
            "Queued": moment(row["queued_at"]),
            "Started": moment(row["started_at"]),
            "Completed": moment(row["completed_at"]),
        }
    )


async def _show_pictures(box: ui.element, row: Mapping[str, Any]) -> None:
    assets = await select("workspace_assets", job_id=f"eq.{row['id']}", order="asset_index")
    box.clear()
    with box:
        for asset in assets:
            url = await sign("workspace-temp", asset["temp_storage_path"])
            if url:
                with ui.element("figure").classes("picture"):
                    preview(asset["mime_type"], url, clip(row["original_prompt"], 120))


async def sign(bucket: str, path: str) -> str | None:
    """Return a link to a file for ten minutes; None if the file is gone."""
    try:
        signed = await project().post(
            f"/storage/v1/object/sign/{bucket}/{path}", {"expiresIn": 600}
        )
    except ApiError:
        return None
    return f"/storage/v1{signed['signedURL']}"
