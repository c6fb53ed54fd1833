"""State of the emulated Replicate: predictions that run, their output files, webhooks."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from edge.emulator.providers.background import run_in_engine
from edge.emulator.providers.faults import Endpoint, Fault, FaultKind, FaultQueue, Provider
from edge.emulator.providers.replicate.errors import ReplicateError
from edge.emulator.providers.replicate.picture import LABEL, draw_picture
from edge.emulator.providers.replicate.prediction import Prediction
from edge.emulator.providers.replicate.webhook import WebhookSender
from edge.emulator.providers.response import letter_id

_KEPT: Final = 500
_KEPT_BYTES: Final = 128 * 1024 * 1024
_KEPT_SECONDS: Final = 3600.0
_STARTING_SECONDS: Final = 0.05
_MOST_RUNNING: Final = 200
_SIZES: Final = (16, 1920)


@dataclass(slots=True)
class Files:
    """Output files by path: for an hour, and within a number of bytes."""

    _files: "OrderedDict[str, tuple[float, bytes, str]]" = field(
        default_factory=OrderedDict[str, tuple[float, bytes, str]]
    )
    _bytes: int = 0

    def add(self, path: str, content: bytes, media_type: str) -> None:
        self._files[path] = (time.monotonic(), content, media_type)
        self._bytes += len(content)
        while self._bytes > _KEPT_BYTES:
            self._bytes -= len(self._files.popitem(last=False)[1][1])

    def find(self, path: str) -> tuple[bytes, str] | None:
        """Return a file and its type, None if it was never there or is older than an hour."""
        found = self._files.get(path)
        if found is None or time.monotonic() - found[0] > _KEPT_SECONDS:
            return None
        return found[1], found[2]


@dataclass(slots=True)
class ReplicateEmulator:
    """One emulated Replicate.

    `base_url` is where clients reach it; None: where a request came, as without a gateway.
    """

    faults: FaultQueue
    secret: str
    base_url: str | None = None
    files: Files = field(default_factory=Files)
    sender: WebhookSender = field(init=False)
    _predictions: "OrderedDict[str, Prediction]" = field(
        default_factory=OrderedDict[str, Prediction]
    )
    _tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict[str, asyncio.Task[None]])

    def __post_init__(self) -> None:
        self.sender = WebhookSender(self.faults, self.secret)

    def create(self, prediction: Prediction, fault: Fault | None) -> None:
        """Start a prediction. Raises ReplicateError."""
        if len(self._tasks) >= _MOST_RUNNING:
            raise ReplicateError(429)
        self._predictions[prediction.id] = prediction
        while len(self._predictions) > _KEPT:
            self._predictions.popitem(last=False)
        task = asyncio.create_task(self._run(prediction, fault))
        self._tasks[prediction.id] = task
        task.add_done_callback(lambda _: self._tasks.pop(prediction.id, None))

    def find(self, prediction_id: str) -> Prediction:
        """Return a prediction. Raises ReplicateError."""
        if found := self._predictions.get(prediction_id):
            return found
        raise ReplicateError(404)

    def list(self) -> list[Prediction]:
        """Return the predictions, newest first."""
        return list(reversed(self._predictions.values()))

    async def wait(self, prediction: Prediction, seconds: float) -> None:
        """Wait until the prediction is over, or for so many seconds."""
        if task := self._tasks.get(prediction.id):
            await asyncio.wait([task], timeout=seconds)

    async def cancel(self, prediction: Prediction) -> None:
        """End a prediction that is not over."""
        if prediction.is_over:
            return
        prediction.status = "canceled"
        if task := self._tasks.get(prediction.id):
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self._end(prediction, "canceled")

    async def close(self) -> None:
        """Stop predictions and deliveries."""
        for task in list(self._tasks.values()):
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        await self.sender.close()

    async def _run(self, prediction: Prediction, fault: Fault | None) -> None:
        self._notify(prediction, "start")
        await asyncio.sleep(_STARTING_SECONDS)
        prediction.status, prediction.started = "processing", time.time()
        if fault and fault.kind is FaultKind.DELAYED:
            await asyncio.sleep(fault.seconds)
        if fault and fault.kind is FaultKind.FAILED:
            prediction.error = fault.code or "CUDA out of memory. Tried to allocate 2.00 GiB"
            self._end(prediction, "failed")
            return
        if not (fault and fault.kind is FaultKind.EMPTY):
            await self._draw(prediction)
            self._notify(prediction, "output")
        self._end(prediction, "succeeded")

    async def _draw(self, prediction: Prediction) -> None:
        given = prediction.input
        count = int(_number(given, ("num_outputs",), 1, 1, 4))
        width = int(_number(given, ("width",), 512, *_SIZES)) // 8 * 8
        height = int(_number(given, ("height",), 728, *_SIZES)) // 8 * 8
        seed = int(_number(given, ("seed",), 0, 0, 2**31 - 1))
        urls: list[str] = []
        for index in range(count):
            prompt = str(given.get("prompt", ""))
            content = await run_in_engine(draw_picture, prompt, seed + index, width, height)
            path = f"{prediction.id}-{letter_id('', 8)}/out-{index}.png"
            self.files.add(path, content, "image/png")
            urls.append(f"{prediction.base_url}/files/{path}")
        prediction.logs = f"Using seed: {seed}\nModel: {LABEL}\n"
        # The RV5.1 model returns one URI, models with num_outputs a list.
        prediction.output = urls if "num_outputs" in given else urls[0]

    def _end(self, prediction: Prediction, status: str) -> None:
        prediction.status, prediction.completed = status, time.time()
        self._notify(prediction, "completed")

    def _notify(self, prediction: Prediction, event: str) -> None:
        if prediction.webhook and event in prediction.events:
            is_last = event == "completed"
            self.sender.send(prediction.webhook, prediction.render(), is_last=is_last)

    def take_output_fault(self) -> Fault | None:
        """Return the fault to inject into the download of an output file."""
        return self.faults.take(Provider.REPLICATE, Endpoint.OUTPUT)


def _number(
    given: Mapping[str, Any], names: tuple[str, ...], default: float, low: float, high: float
) -> float:
    value = next((given[name] for name in names if name in given), default)
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:  # noqa: PLR0124
        return default
    return min(max(value, low), high)
