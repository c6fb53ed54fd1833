"""One function as a platform is to run it: its bundle, and what function.toml asks for."""

from dataclasses import dataclass

from edge.deploy.bundle import Bundle


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
        """The longest that an answer may take, streamed ones to their end.

        The first byte has its own, shorter time; the function's door sees to that one.
        """
        return int(-(-max(self.timeout, self.wall_clock) // 1))
