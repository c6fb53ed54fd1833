"""Cloud Scheduler: calls a service at the times that function.toml's `schedule` names.

https://docs.cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs
"""

import json
import re
from dataclasses import asdict, dataclass
from typing import Any, Final

from edge.deploy.labels import digest_of
from edge.deploy.programs import call
from edge.deploy.settings import CloudRun as CloudRunSettings
from edge.deploy.steps import SECRET, Run

_DESCRIPTION: Final = re.compile(r"edge-project=(?P<project>\S+) edge-digest=(?P<digest>\S+)")
_SHORTEST: Final = 15
_LONGEST: Final = 1800


@dataclass(frozen=True, slots=True)
class SchedulerJob:
    """A scheduled HTTP call; `seconds` is the time limit of the response."""

    service: str
    schedule: str
    body: str
    url: str
    seconds: int

    @property
    def digest(self) -> str:
        return digest_of(asdict(self))


@dataclass(frozen=True, slots=True)
class CloudScheduler:
    """The jobs of one project; a job has the name of the service that it calls."""

    own: CloudRunSettings
    project: str

    def read_state(self) -> dict[str, str]:
        """Return the digests of the project's jobs, read from descriptions: jobs have no labels."""
        listing = call(("gcloud", "scheduler", "jobs", "list", *self._place(), "--format=json"))
        jobs: list[dict[str, Any]] = json.loads(listing or "[]")
        described = ((job, _DESCRIPTION.fullmatch(job.get("description", ""))) for job in jobs)
        return {
            str(job["name"]).rpartition("/")[2]: found["digest"]
            for job, found in described
            if found and found["project"] == self.project
        }

    def apply(self, job: SchedulerJob, *, exists: bool) -> Run:
        """Return the step that creates or updates the job.

        The key is read from Secret Manager and passed through standard input; Cloud Scheduler
        stores it in the job.
        """
        verb, headers = ("update", "--update-headers") if exists else ("create", "--headers")
        key = f"{self.own.secret_prefix}{self.own.schedule_key}"
        flags = {headers: {"Authorization": f"Bearer {SECRET}", "Content-Type": "application/json"}}
        argv = (
            *("gcloud", "scheduler", "jobs", verb, "http", job.service, *self._place()),
            *(f"--schedule={job.schedule}", "--time-zone=Etc/UTC", f"--uri={job.url}"),
            *("--http-method=post", f"--message-body={job.body}"),
            f"--attempt-deadline={min(max(job.seconds, _SHORTEST), _LONGEST)}s",
            f"--description=edge-project={self.project} edge-digest={job.digest}",
            "--flags-file=-",
        )
        access = ("gcloud", "secrets", "versions", "access", "latest", f"--secret={key}")
        return Run(
            argv,
            f"have it called at {job.schedule} (UTC)",
            stdin=json.dumps(flags, indent=2) + "\n",
            secret=(*access, f"--project={self.own.project}", "--quiet"),
        )

    def remove(self, service: str) -> Run:
        argv = ("gcloud", "scheduler", "jobs", "delete", service, *self._place())
        return Run(argv, "it has no schedule any more")

    def _place(self) -> tuple[str, ...]:
        location = self.own.scheduler_location or self.own.region
        return (f"--location={location}", f"--project={self.own.project}", "--quiet")
