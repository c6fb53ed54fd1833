"""One run of `edge deploy`: its plan, which is shown or executed, and what follows it."""

from dataclasses import dataclass
from pathlib import Path

from edge.cli import options
from edge.cli.db.url import choose_url
from edge.cli.deploy.migrating import RollingChange, plan_rolling_change
from edge.cli.deploy.planning import ImageOptions, Selection, plan_container, plan_services
from edge.cli.deploy.relaying import note_relays, write_relays_of
from edge.cli.deploy.view import ExecutionOptions, execute_plan, show_plan
from edge.deploy.bundle.builder import Bundles
from edge.deploy.plan import Plan
from edge.deploy.settings import Settings, TargetName
from edge.errors import EdgeError


@dataclass(frozen=True, slots=True)
class Place:
    """Where to deploy; `env` as it was typed."""

    workdir: Path
    settings: Settings
    target: TargetName
    env: str | None

    def continuation(self, command: str) -> str:
        """Return the command with the options that lead here again."""
        env = f" --env {self.env}" if self.env else ""
        workdir = "" if self.workdir == options.HERE else f" --workdir {self.workdir}"
        return f"{command} --target {self.target}{env}{workdir}"

    def __str__(self) -> str:
        return f"{self.target}, environment {self.settings.env}"


@dataclass(frozen=True, slots=True)
class Deployment:
    """What to deploy and where; `image.is_dry` shows the plan and changes nothing."""

    place: Place
    selection: Selection
    image: ImageOptions
    writes_relays: bool = False
    with_migrations: bool = False
    db_url: str | None = None

    def run(self, jobs: int, output: options.Format, *, yes: bool) -> None:
        """Show the plan or execute it. Raises typer.Exit(1) if a step failed."""
        if self.with_migrations and self.place.target == "container":
            raise EdgeError(
                "The container is started by you: edge cannot apply migrations around that.",
                cure="edge db push what adds, start the new containers, then push what removes.",
            )
        place = self.place
        bundles = Bundles(place.workdir, has_telemetry=place.settings.has_telemetry)
        plan = self._plan(bundles)
        rolling = self._plan_migrations(plan, bundles) if self.with_migrations else None
        if self.writes_relays:
            plan = note_relays(plan)
        if self.image.is_dry:
            show_plan(plan, output, rolling)
            return
        again = "edge deploy {names}" + (" --with-migrations" if rolling else "")
        executing = ExecutionOptions(
            str(self.place), jobs, yes, output, self.place.continuation(again)
        )
        if rolling:
            rolling.execute(plan, lambda: execute_plan(plan, executing), yes=yes)
        else:
            execute_plan(plan, executing)
        if self.writes_relays:
            write_relays_of(self.place.workdir, self.selection, self.place.target, self.place.env)

    def _plan_migrations(self, plan: Plan, bundles: Bundles) -> RollingChange:
        place = self.place
        url = choose_url(self.db_url, place.workdir)
        folder = f"{place.target}/{place.settings.env}"
        return plan_rolling_change(bundles, plan, url, folder)

    def _plan(self, bundles: Bundles) -> Plan:
        place, is_dry = self.place, self.image.is_dry
        if place.target == "container":
            return plan_container(place.settings, place.workdir, self.selection, self.image)
        return plan_services(place.settings, bundles, self.selection, place.target, is_dry=is_dry)
