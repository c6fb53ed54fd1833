"""`edge queue`: see and retry the media jobs of the running stack, pause their queues."""

from collections.abc import Mapping
from datetime import UTC, datetime
from getpass import getuser
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import httpx
import typer
from rich.table import Table
from rich.text import Text

from backend.campaigns.project import (
    CampaignError,
    CampaignGroup,
    messages,
    note,
    print_json,
    running_stack,
)

app = typer.Typer(cls=CampaignGroup, help="Media jobs and their queues.", no_args_is_help=True)

Workdir = Annotated[Path, typer.Option("--workdir", help="The project's folder.")]
Output = Annotated[Literal["pretty", "json"], typer.Option("-o", "--output")]
Most = Annotated[int, typer.Option(help="How many jobs.", min=1, max=1000)]
Name = Annotated[str, typer.Argument(help="A queue, as `edge queue list` names it.")]

_COLUMNS: Final = (
    "id,user_id,job_type,status,queue_name,attempts,max_attempts,worker_id,error_message,"
    "original_prompt,created_at,queued_at,started_at,completed_at"
)


@app.command("list")
def list_jobs(*, most: Most = 50, workdir: Workdir = Path(), output: Output = "pretty") -> None:
    """Show the queues, and the jobs that wait or are drawn."""
    with _client(workdir) as client:
        queues: dict[str, Any] = _ask(client, "POST", "rpc/get_media_queues_v1", json={})
        jobs = _list(client, "status=in.(queued,processing)&order=queued_at", most)
    if output == "json":
        print_json({"queues": queues, "jobs": jobs})
        return
    table = Table(
        "queue", "state", "waiting", "drawn", "oldest", "a job takes", "next in", box=None
    )
    for name, queue in sorted(queues.items()):
        seconds = (queue["oldest_age_seconds"], queue["average_seconds"], queue["eta_seconds"])
        counts = (str(queue["depth"]), str(queue["in_flight"]))
        table.add_row(name, _state(queue), *counts, *(_seconds(each) for each in seconds))
    messages.print(table)
    _print(jobs)


@app.command("dead")
def list_dead(*, most: Most = 50, workdir: Workdir = Path(), output: Output = "pretty") -> None:
    """Show the jobs that have failed, last ones first, with the reason."""
    with _client(workdir) as client:
        jobs = _list(client, "status=eq.failed&order=completed_at.desc", most)
    if output == "json":
        print_json(jobs)
        return
    _print(jobs)


@app.command("retry")
def retry_jobs(
    job_ids: Annotated[list[str] | None, typer.Argument(help="Ids of failed jobs.")] = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="All failed jobs, up to 1,000.")] = False,
    workdir: Workdir = Path(),
) -> None:
    """Queue failed jobs again."""
    with _client(workdir) as client:
        ids = [_read_id(given) for given in job_ids or []]
        if every:
            ids += [job["id"] for job in _list(client, "status=eq.failed&transport=neq.none", 1000)]
        elif not ids:
            raise CampaignError("Which jobs?", cure="Name their ids, or give --all.")
        for job_id in dict.fromkeys(ids):
            _ask(client, "POST", "rpc/retry_media_job_v1", json={"job_id": job_id})
    note(f"{len(set(ids))} jobs are queued again.", "green")


@app.command("pause")
def pause_queue(name: Name, *, workdir: Workdir = Path()) -> None:
    """Give workers no job of a queue until it is resumed; jobs are queued, running ones go on."""
    with _client(workdir) as client:
        pause = {"queue": name, "who": _user()}
        _ask(client, "POST", "rpc/pause_media_queue_v1", json=pause)
    note(f"{name} is paused; jobs wait until: edge queue resume {name}", "yellow")


@app.command("resume")
def resume_queue(name: Name, *, workdir: Workdir = Path()) -> None:
    """Let workers take the jobs of a paused queue again, in the order they waited."""
    with _client(workdir) as client:
        answer = _ask(client, "POST", "rpc/resume_media_queue_v1", json={"queue": name})
    note(f"{name} is resumed." if answer["resumed"] else f"{name} was not paused.", "green")


def _client(workdir: Path) -> httpx.Client:
    stack = running_stack(workdir)
    token = stack["SERVICE_ROLE_KEY"]
    key = stack.get("SECRET_KEY") or token
    headers = {"apikey": key, "authorization": f"Bearer {token}"}
    return httpx.Client(base_url=f"{stack['API_URL']}/rest/v1/", headers=headers, timeout=60)


def _list(client: httpx.Client, query: str, most: int) -> list[dict[str, Any]]:
    return _ask(client, "GET", f"jobs?select={_COLUMNS}&{query}&limit={most}")


def _ask(client: httpx.Client, method: str, path: str, **options: Any) -> Any:
    try:
        answer = client.request(method, path, **options)
    except httpx.TransportError as exc:
        raise CampaignError(f"The stack does not answer: {type(exc).__name__}.") from exc
    if answer.is_success:
        return answer.json()
    raise CampaignError(answer.json().get("message") or f"Status {answer.status_code}.")


def _print(jobs: list[dict[str, Any]]) -> None:
    table = Table("job", "type", "state", "attempts", "since", "prompt or error", box=None)
    for job in jobs:
        since = job["completed_at"] or job["started_at"] or job["queued_at"]
        shown = job["error_message"] or job["original_prompt"]
        table.add_row(
            job["id"],
            job["job_type"],
            job["status"],
            f"{job['attempts']}/{job['max_attempts']}",
            _age(since),
            Text(shown[:60], no_wrap=True, overflow="ellipsis"),
        )
    messages.print(table if jobs else "No jobs.")


def _state(queue: Mapping[str, Any]) -> str:
    if not queue["paused_at"]:
        return "running"
    by = f" by {queue['paused_by']}" if queue["paused_by"] else ""
    return f"paused for {_age(queue['paused_at'])}{by}"


def _user() -> str | None:
    """Return the name of the account; None where it has none, as in some containers."""
    try:
        return getuser()
    except (KeyError, OSError):
        return None


def _age(moment: str) -> str:
    return _seconds((datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds())


def _seconds(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _read_id(given: str) -> str:
    try:
        return str(UUID(given))
    except ValueError:
        raise CampaignError(f"{given[:60]} is not the id of a job.") from None
