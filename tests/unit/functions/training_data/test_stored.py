"""Filters of stored examples."""

import pytest
from starlette.requests import Request

from functions.training_data.stored import read_filters
from shared.errors import BadInputError


def request(query: str) -> Request:
    return Request({"type": "http", "query_string": query.encode(), "headers": []})


def test_the_limit_is_a_number_up_to_100() -> None:
    assert read_filters(request("")).limit == 10
    assert read_filters(request("limit=100")).limit == 100


@pytest.mark.parametrize("limit", ["0", "101", "-1", "x", f"000000001{'9' * 5_000}"])
def test_another_limit_is_refused(limit: str) -> None:
    with pytest.raises(BadInputError, match="from 1 to 100"):
        read_filters(request(f"limit={limit}"))
