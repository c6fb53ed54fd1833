"""A small schema cache: channels, videos, labels, people and a few functions."""

import pytest

from edge.emulator.rest.schema.catalog import CatalogRows, build_cache
from edge.emulator.rest.schema.model import SchemaCache
from tests.support.catalog_rows import VIDEO_ROWS, foreign_key_row, relation_row, routine_row


@pytest.fixture(scope="session")
def cache() -> SchemaCache:
    """The schema cache that these tests plan against."""
    videos = {
        "id": "bigint",
        "title": "text",
        "meta": "jsonb",
        "tags": "text[]",
        "search": "tsvector",
        "channel_id": "integer",
    }
    people = {"id": "integer", "name": "text", "manager_id": "integer"}
    messages = {"id": "integer", "sender_id": "integer", "recipient_id": "integer"}
    both = {"video_id": "bigint", "label_id": "integer"}
    return build_cache(
        CatalogRows(
            fingerprint="1",
            relations=[
                relation_row("channels", {"id": "integer", "name": "text"}),
                relation_row("videos", videos),
                relation_row("labels", {"id": "integer", "label": "text"}),
                relation_row("video_labels", both, ("video_id", "label_id")),
                relation_row("people", people),
                relation_row("messages", messages),
            ],
            foreign_keys=[
                foreign_key_row("messages", "recipient_id", "people"),
                foreign_key_row("messages", "sender_id", "people"),
                foreign_key_row("people", "manager_id", "people"),
                foreign_key_row("video_labels", "label_id", "labels", in_key=True),
                foreign_key_row("video_labels", "video_id", "videos", in_key=True),
                foreign_key_row("videos", "channel_id", "channels"),
            ],
            view_keys=[],
            schemas=["public"],
            routines=[
                routine_row("add", "integer", {"a": "integer", "b": "integer"}, volatility="i"),
                routine_row("find", "videos", {"q": "text"}, **VIDEO_ROWS),
                routine_row("whole", "json", {"": "json"}),
                routine_row("twice", "integer", {"n": "integer"}),
                routine_row("twice", "text", {"n": "text"}),
                routine_row("nothing", "void", {}),
                routine_row("nameless", "integer", {"": "integer"}),
            ],
            types=[{"name": "text", "qualified": "pg_catalog.text"}],
            role_settings=[{"role": "anon", "name": "statement_timeout", "value": "3s"}],
        )
    )
