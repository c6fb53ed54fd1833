"""Each back-end's real client against a played provider, with faults."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.support.played_providers import Fault, PlayedProviders, playing_providers, png
from workers.backends.base import Backend, run
from workers.backends.choose import create_backend
from workers.errors import (
    BadTaskError,
    NetworkError,
    OutOfMemoryError,
    ProviderConfigurationError,
    ProviderError,
    SlowError,
    WorkError,
)
from workers.settings import SettingsError
from workers.task import ChatTask, ImageTask, Pipeline, Status

IMAGES = ("openai-images", "automatic1111", "comfyui", "runpod", "fal", "replicate")
QUEUED = ("comfyui", "runpod", "fal", "replicate")
FIRST = {
    "openai-images": "images/",
    "openai-chat": "chat/completions",
    "automatic1111": "txt2img",
    "comfyui": "/prompt",
    "runpod": "/run",
    "fal": "/m",
    "replicate": "/predictions",
}
POLL = {"comfyui": "/history", "runpod": "/status", "fal": "/status", "replicate": "/x1"}
TASK = ImageTask("a red boat", 7, 64, 48, count=2)
CHAT = ChatTask(({"role": "user", "content": "Hello?"},))


@pytest.fixture
def played() -> Iterator[PlayedProviders]:
    with playing_providers() as served:
        yield served


@pytest.fixture
async def backends(played: PlayedProviders) -> AsyncIterator[dict[str, Backend]]:
    values = {
        "OPENAI_BASE_URL": f"{played.url}/openai",
        "OPENAI_IMAGE_MODEL": "sd",
        "COMFYUI_URL": f"{played.url}/comfy",
        "COMFYUI_CHECKPOINT": "sdxl.safetensors",
        "AUTOMATIC1111_URL": f"{played.url}/a1111",
        "AUTOMATIC1111_AUTH": "me:secret",
        "RUNPOD_BASE_URL": played.url,
        "RUNPOD_ENDPOINT_ID": "runpod",
        "RUNPOD_API_KEY": "rp",
        "FAL_BASE_URL": f"{played.url}/fal",
        "FAL_KEY": "fk",
        "FAL_MODEL": "fal-ai/m",
        "REPLICATE_BASE_URL": f"{played.url}/replicate",
        "REPLICATE_API_TOKEN": "r8",
        "WORKERS_ALLOW_PRIVATE": "true",
    }
    created = Backends(values)
    yield created
    for backend in created.values():
        await backend.close()


class Backends(dict[str, Backend]):
    """Back-ends by kind, each created when it is first asked for."""

    def __init__(self, values: dict[str, str]) -> None:
        super().__init__()
        self._values = values

    def __missing__(self, kind: str) -> Backend:
        self[kind] = create_backend(kind, self._values)
        return self[kind]


def task_of(kind: str) -> Any:
    return CHAT if kind == "openai-chat" else TASK


@pytest.mark.parametrize("kind", IMAGES)
async def test_pictures_come_back(
    kind: str, backends: dict[str, Backend], played: PlayedProviders
) -> None:
    seen: list[Status] = []

    async def note(status: Status) -> None:
        seen.append(status)

    result = await run(backends[kind], TASK, 20, note)

    assert len(result.files) == 2
    assert {(file.width, file.height, file.media_type) for file in result.files} == {
        (64, 48, "image/png")
    }
    assert all(file.thumbnail for file in result.files)
    assert seen[-1].progress in (None, 1.0)
    assert any("authorization" in headers for headers in played.headers) or kind == "comfyui"


async def test_comfyui_reports_progress_over_its_websocket(
    backends: dict[str, Backend], played: PlayedProviders
) -> None:
    played.polls = 1_000
    shares: list[float | None] = []

    async def note(status: Status) -> None:
        shares.append(status.progress)
        if status.progress == 0.75:
            played.polls = 0

    result = await run(backends["comfyui"], TASK, 50, note)

    assert len(result.files) == 2
    known = [share for share in shares if share is not None]
    assert 0.75 in known
    assert known == sorted(known)  # a repeated step takes nothing back
    assert known[-1] == 1.0


@pytest.mark.parametrize("kind", IMAGES)
async def test_a_reference_is_sent(
    kind: str, backends: dict[str, Backend], played: PlayedProviders
) -> None:
    task = replace(TASK, reference=png(), denoise=0.3, pipeline=Pipeline.IMAGE_TO_IMAGE)
    await run(backends[kind], task, 20)

    parts = {"openai-images": "images/edits", "automatic1111": "img2img", "comfyui": "/upload"}
    body = str(played.body(parts.get(kind, FIRST[kind])))
    assert "image" in body
    assert "0.3" in str(played.requests) or kind == "openai-images"


async def test_a_message_is_answered(backends: dict[str, Backend]) -> None:
    result = await run(backends["openai-chat"], CHAT, 20)

    assert result.text
    assert (result.text.content, result.text.tokens, result.model) == ("Hello.", 2, "m-1")


@pytest.mark.parametrize("kind", FIRST)
async def test_health_names_models_or_what_is_wrong(
    kind: str, backends: dict[str, Backend], played: PlayedProviders
) -> None:
    assert (await backends[kind].health()).is_healthy
    if kind == "fal":  # has no route for it
        return
    played.faults = [Fault("", status=503, body=b"busy")]
    health = await backends[kind].health()

    assert not health.is_healthy
    assert "503" in health.error


@pytest.mark.parametrize("kind", FIRST)
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault("", status=401, body=b"no key"), ProviderConfigurationError),
        (Fault("", status=429, body=b"slow down"), NetworkError),
        (Fault("", status=500, body=b"oops"), NetworkError),
        (Fault("", status=500, body=b"CUDA out of memory"), OutOfMemoryError),
        (Fault("", status=400, body=b"bad size"), ProviderError),
        (Fault("", body=b"<html>"), ProviderError),
        (Fault("", body=b"[1]"), ProviderError),
        (Fault("", body=b"{}"), ProviderError),
        (Fault("", is_half=True), NetworkError),
    ],
)
async def test_faults_are_told_apart(
    kind: str,
    fault: Fault,
    error: type[WorkError],
    backends: dict[str, Backend],
    played: PlayedProviders,
) -> None:
    played.faults = [replace(fault, path=FIRST[kind])]

    with pytest.raises(error):
        await run(backends[kind], task_of(kind), 20)


@pytest.mark.parametrize("kind", QUEUED)
@pytest.mark.parametrize("body", [b"nonsense", b"[]"])
async def test_nonsense_while_waiting_ends_the_task(
    kind: str, body: bytes, backends: dict[str, Backend], played: PlayedProviders
) -> None:
    played.faults = [Fault(POLL[kind], body=body)]

    with pytest.raises(ProviderError):
        await run(backends[kind], TASK, 20)


@pytest.mark.parametrize(
    ("kind", "output"),
    [
        ("openai-images", {"data": [{"b64_json": "%%%"}]}),
        ("openai-images", {"data": [{"b64_json": "bm90IGFuIGltYWdl"}]}),
        ("openai-images", {"data": [{"url": "http://169.254.169.254/x"}]}),
        ("openai-images", {"data": []}),
        ("openai-images", {"data": "x"}),
        ("openai-chat", {"choices": []}),
        ("openai-chat", {"choices": [{"message": {"content": None}}]}),
        ("automatic1111", {"images": [], "info": "{"}),
        ("comfyui", {"outputs": {}, "status": {"completed": True}}),
        ("comfyui", {"outputs": [], "status": []}),
        ("runpod", {"status": "COMPLETED", "output": None}),
        ("runpod", {"status": "COMPLETED", "output": {"error": "no model"}}),
        ("runpod", {"status": "CANCELLED"}),
        ("fal", {"status": "COMPLETED", "error": "blocked"}),
        ("replicate", {"status": "succeeded", "output": None}),
        ("replicate", {"status": "canceled"}),
        ("replicate", {"status": "failed", "error": "NSFW"}),
    ],
)
async def test_results_of_no_use_are_failures(
    kind: str, output: Any, backends: dict[str, Backend], played: PlayedProviders
) -> None:
    played.output = output

    with pytest.raises(WorkError):
        await run(backends[kind], task_of(kind), 20)


@pytest.mark.parametrize(
    ("kind", "output"),
    [
        (
            "comfyui",
            {
                "status": {
                    "status_str": "error",
                    "messages": [
                        ["execution_error", {"node_type": "K", "exception_message": "CUDA error"}]
                    ],
                }
            },
        ),
        ("runpod", {"status": "FAILED", "error": "torch.OutOfMemoryError: CUDA out of memory"}),
        ("replicate", {"status": "failed", "error": "CUDA out of memory."}),
    ],
)  # fmt: skip
async def test_too_little_memory_is_worth_another_try(
    kind: str, output: Any, backends: dict[str, Backend], played: PlayedProviders
) -> None:
    played.output = output

    with pytest.raises(OutOfMemoryError):
        await run(backends[kind], TASK, 20)


@pytest.mark.parametrize(
    ("kind", "cancel"),
    [
        ("automatic1111", "POST /a1111/sdapi/v1/interrupt"),
        ("comfyui", "POST /comfy/interrupt"),
        ("runpod", "POST /runpod/cancel/r1"),
        ("fal", "PUT /fal/fal-ai/m/requests/f1/cancel"),
        ("replicate", "POST /replicate/v1/predictions/x1/cancel"),
    ],
)
async def test_a_task_that_takes_too_long_is_cancelled_at_the_provider(
    kind: str, cancel: str, backends: dict[str, Backend], played: PlayedProviders
) -> None:
    played.polls = 10_000
    if kind == "automatic1111":
        played.faults = [Fault("txt2img", seconds=5)]

    with pytest.raises(SlowError):
        await run(backends[kind], TASK, 0.5)

    assert cancel in played.paths()


@pytest.mark.parametrize("kind", FIRST)
async def test_a_provider_that_is_not_there_is_worth_another_try(
    kind: str, played: PlayedProviders
) -> None:
    nowhere = "http://127.0.0.1:9"
    values = {
        **dict.fromkeys(("OPENAI_BASE_URL", "COMFYUI_URL", "AUTOMATIC1111_URL"), nowhere),
        **dict.fromkeys(("RUNPOD_BASE_URL", "FAL_BASE_URL", "REPLICATE_BASE_URL"), nowhere),
        **dict.fromkeys(("RUNPOD_ENDPOINT_ID", "RUNPOD_API_KEY", "FAL_KEY"), "x"),
        "REPLICATE_API_TOKEN": "x",
    }
    backend = create_backend(kind, values)
    with pytest.raises(NetworkError):
        await run(backend, task_of(kind), 20)
    await backend.close()


async def test_many_tasks_at_once_keep_apart(backends: dict[str, Backend]) -> None:
    tasks = [run(backends["local"], replace(TASK, seed=seed, count=1), 30) for seed in range(6)]
    results = await asyncio.gather(*tasks)

    assert [result.files[0].seed for result in results] == list(range(6))
    assert len({result.files[0].content for result in results}) == 6


@pytest.mark.parametrize("kind", IMAGES)
async def test_back_ends_of_images_do_not_chat(kind: str, backends: dict[str, Backend]) -> None:
    with pytest.raises(BadTaskError):
        await run(backends[kind], CHAT, 20)


@pytest.mark.parametrize("kind", ["openai-images", "openai-chat", "runpod", "fal", "replicate"])
def test_a_missing_key_is_named(kind: str) -> None:
    with pytest.raises(SettingsError, match="_"):
        create_backend(kind, {})
