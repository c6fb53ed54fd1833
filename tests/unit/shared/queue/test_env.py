"""Which settings lead to which queue."""

import pytest

from shared.errors import UnavailableError
from shared.queue.env import QueueEnv, read_queue_env

_TOKEN = {"UPSTASH_REDIS_REST_TOKEN": "t"}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, QueueEnv()),
        ({"QUEUE_URL": "pgmq", "UPSTASH_REDIS_REST_URL": "https://x"}, QueueEnv()),
        ({"QUEUE_URL": "redis://h:1/0"}, QueueEnv(redis_url="redis://h:1/0")),
        ({"QUEUE_URL": "valkeys://h"}, QueueEnv(redis_url="rediss://h")),
        (
            {"UPSTASH_REDIS_REST_URL": "https://x/", **_TOKEN},
            QueueEnv(upstash_url="https://x", upstash_token="t"),
        ),
    ],
)
def test_queues_are_chosen_by_their_variables(values: dict[str, str], expected: QueueEnv) -> None:
    assert read_queue_env(values) == expected


@pytest.mark.parametrize(
    "values",
    [
        {"QUEUE_URL": "amqp://h"},
        {"QUEUE_URL": "redis"},
        {"UPSTASH_REDIS_REST_URL": "https://x"},
        {"UPSTASH_REDIS_REST_URL": "x", **_TOKEN},
    ],
)
def test_settings_that_lead_nowhere_are_503(values: dict[str, str]) -> None:
    with pytest.raises(UnavailableError) as raised:
        read_queue_env(values)
    assert (raised.value.status, raised.value.code) == (503, "QUEUE_NOT_CONFIGURED")
