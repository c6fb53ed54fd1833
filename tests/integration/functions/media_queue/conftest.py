"""A user of media jobs on the whole stack, and a worker that pulls."""

from collections.abc import Iterator

import pytest

from tests.conftest import RunningStack
from tests.support.media.user import MediaUser, create_media_user, create_worker, empty_queues
from tests.support.media.worker import PullWorker


@pytest.fixture
def ann(stack: RunningStack) -> MediaUser:
    empty_queues(stack)
    return create_media_user(stack)


@pytest.fixture
def bob(stack: RunningStack) -> MediaUser:
    return create_media_user(stack)


@pytest.fixture
def worker(stack: RunningStack) -> Iterator[PullWorker]:
    with create_worker(stack) as puller:
        yield puller
