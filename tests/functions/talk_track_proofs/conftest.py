"""A person with a deck of 55 slides."""

import pytest

from tests.conftest import RunningStack
from tests.functions.talk_track_proofs.person import Person, add_person


@pytest.fixture
def person(stack: RunningStack) -> Person:
    return add_person(stack)
