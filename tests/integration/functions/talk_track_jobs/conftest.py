"""A user with a deck of 55 slides."""

import pytest

from tests.conftest import RunningStack
from tests.support.talk_tracks.user import User, create_user


@pytest.fixture
def user(stack: RunningStack) -> User:
    return create_user(stack)
