"""The Accept header chooses the media type of the response."""

import pytest

from edge.emulator.rest.errors import RestError
from edge.emulator.rest.request.media import MediaType, negotiate


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (None, MediaType()),
        ("*/*", MediaType()),
        ("text/html, application/json;q=0.9", MediaType()),
        ("application/json;q=0.1, text/csv", MediaType("text/csv")),
        ("application/vnd.pgrst.object+json", MediaType("application/vnd.pgrst.object+json")),
        (
            "application/vnd.pgrst.array+json;nulls=stripped",
            MediaType("application/vnd.pgrst.array+json", strips_nulls=True),
        ),
    ],
)
def test_the_best_acceptable_type_is_answered(accept: str | None, media: MediaType):
    assert negotiate(accept) == media


def test_a_type_that_cannot_be_answered_is_406():
    with pytest.raises(RestError) as caught:
        negotiate("image/png, text/html")

    assert caught.value.code == "PGRST107"
    assert "image/png, text/html" in caught.value.message
