"""The numbers that the platform keeps: their names, meanings and labels, on one page."""

from typing import Final

from edge.metrics.exposition import Counter, Description, Histogram

_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 150, 400)
_BOOT_SECONDS: Final = (0.01, 0.02, 0.03, 0.04, 0.06, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_MEGABYTE: Final = 1024 * 1024
_MEMORY: Final = tuple(n * _MEGABYTE for n in (4, 8, 16, 32, 64, 128, 192, 256, 512, 1024))


class RequestFamilies:
    """Requests as the platform sees them; the share of cold ones is cold by invocations."""

    def __init__(self) -> None:
        self.invocations = _counter(
            "invocations", "Requests answered, by HTTP status.", "function", "status"
        )
        self.cold = _counter(
            "cold_invocations", "Requests that waited for a worker to boot.", "function"
        )
        self.rate_limited = _counter(
            "rate_limited_requests", "Requests that the platform refused with 429.", "function"
        )
        self.durations = _histogram(
            "invocation_duration_seconds", "From a request to its answer's end.", "function"
        )
        self.errors = _counter(
            "errors", "Failed requests, by the code in their answer.", "function", "code"
        )


class RecordFamilies:
    """What functions themselves say of requests, in the one line that they log for each."""

    def __init__(self) -> None:
        self.processing = _histogram(
            "processing_duration_seconds", "The function's work on a request.", "function"
        )
        self.stages = _counter(
            "stages", "Stages of requests, by success or error.", "function", "stage", "status"
        )
        self.stage_durations = _histogram(
            "stage_duration_seconds", "The function's work on a stage.", "function", "stage"
        )
        self.cache_lookups = _counter(
            "cache_lookups",
            "Requests that looked into a cache, by hit or miss.",
            "function",
            "result",
        )
        self.fallbacks = _counter(
            "fallbacks", "Requests by the fallback they needed; 0 is none.", "function", "level"
        )
        self.provider_errors = _counter(
            "provider_errors", "Failures of services that functions use.", "provider", "code"
        )
        self.lines = _counter("log_lines", "Lines that functions wrote.", "function", "level")


class WorkerFamilies:
    """The workers' lives, and the zygote's."""

    def __init__(self) -> None:
        self.boots = _histogram(
            "boot_duration_seconds", "Until a worker listens.", "function", bounds=_BOOT_SECONDS
        )
        self.boot_failures = _counter(
            "boot_failures", "Workers whose function could not be loaded.", "function"
        )
        self.shutdowns = _counter(
            "worker_shutdowns", "Workers that ended, by reason.", "function", "reason"
        )
        self.crashes = _counter("worker_crashes", "Workers that ended unexpectedly.", "function")
        self.memory = _histogram(
            "worker_memory_bytes", "What a worker used at its end.", "function", bounds=_MEMORY
        )
        self.cpu = _counter(
            "worker_cpu_seconds", "Processor time of workers that ended.", "function"
        )
        self.reloads = _counter("reloads", "Times that a function's files changed.", "function")
        self.zygote_losses = _counter("zygote_losses", "Times that the zygote died.")


def _counter(name: str, meaning: str, *labels: str) -> Counter:
    return Counter(Description(f"edge_{name}_total", meaning, labels))


def _histogram(
    name: str, meaning: str, *labels: str, bounds: tuple[float, ...] = _SECONDS
) -> Histogram:
    return Histogram(Description(f"edge_{name}", meaning, labels, limit=500), bounds)
