"""One function to deploy: its bundle, and the limits of its function.toml."""

from dataclasses import dataclass

from edge.deploy.bundle.build import Bundle


@dataclass(frozen=True, slots=True)
class Workload:
    """Sizes are in megabytes, times in seconds; `secrets` are the names that it may see."""

    bundle: Bundle
    memory: int
    timeout: float
    wall_clock: float
    concurrency: int
    max_instances: int
    secrets: tuple[str, ...] = ()
    schedule: str | None = None
    schedule_body: str = "{}"

    @property
    def slug(self) -> str:
        return self.bundle.slug

    @property
    def answer_seconds(self) -> int:
        """The maximum duration of a response, including its whole stream.

        The shorter limit of the first byte is enforced by the standalone app.
        """
        return int(-(-max(self.timeout, self.wall_clock) // 1))
