"""Embedded resources are resolved to relationships, or refused with PGRST200 and PGRST201."""

import pytest

from edge.emulator.rest.errors import UnknownNameError
from edge.emulator.rest.plan.embedding import find_relationship
from edge.emulator.rest.schema.model import Cardinality, Identifier, SchemaCache


def public(name: str) -> Identifier:
    return Identifier("public", name)


def test_an_ambiguous_embed_lists_the_ways(cache: SchemaCache):
    with pytest.raises(UnknownNameError) as caught:
        find_relationship(cache, public("messages"), "people", None)

    assert caught.value.hint == (
        "Try changing 'people' to one of the following: 'people!messages_recipient_id_fkey',"
        " 'people!messages_sender_id_fkey'. Find the desired relationship in the 'details' key."
    )
    assert caught.value.details[0] == {
        "cardinality": "many-to-one",
        "embedding": "messages with people",
        "relationship": "messages_recipient_id_fkey using messages(recipient_id) and people(id)",
    }


@pytest.mark.parametrize(
    ("origin", "target", "hint", "cardinality"),
    [
        ("videos", "channels", None, Cardinality.MANY_TO_ONE),
        ("videos", "channel_id", None, Cardinality.MANY_TO_ONE),
        ("channels", "videos", "videos_channel_id_fkey", Cardinality.ONE_TO_MANY),
        ("videos", "labels", None, Cardinality.MANY_TO_MANY),
        ("videos", "labels", "video_labels", Cardinality.MANY_TO_MANY),
        ("messages", "people", "sender_id", Cardinality.MANY_TO_ONE),
        ("people", "people", None, Cardinality.ONE_TO_MANY),
        ("people", "manager_id", None, Cardinality.MANY_TO_ONE),
    ],
)
def test_a_relationship_is_found_by_table_column_or_constraint(
    cache: SchemaCache, origin: str, target: str, hint: str | None, cardinality: Cardinality
):
    assert find_relationship(cache, public(origin), target, hint).cardinality is cardinality
