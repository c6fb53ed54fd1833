"""The functions, and an extractor that calls them."""

from collections.abc import Iterator

import pytest
import responses

from tests.support.extractor import Functions, Run


@pytest.fixture
def functions() -> Iterator[Functions]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield Functions(mock)


@pytest.fixture
def run() -> Run:
    return Run()
