"""Rebuilding the snapshot through HTTP, on the whole stack."""

import threading

import psycopg
import pytest
from psycopg.types.json import Jsonb

from shared.prompts.snapshot import read_document
from tests.conftest import RunningStack
from tests.support.media_users import create_media_user

pytestmark = pytest.mark.e2e

STORED = "select config -> 'promptCache' from system_config"


def test_an_admin_rebuilds_the_snapshot(stack: RunningStack) -> None:
    admin = create_media_user(stack, role="admin")

    answer = admin.call_without_body("refresh-prompt-cache").json()

    stats = answer["cache_stats"]
    assert answer["success"] is True
    assert stats["templateCount"] >= 12
    assert stats["negativePromptCount"] == 6
    assert answer["cached_data"]["model_types"] == ["sdxl", "wan"]
    assert "character_roleplay" in answer["cached_data"]["template_categories"]
    assert answer["cached_data"]["negative_prompt_categories"] == ["flux", "rv51", "sdxl", "wan"]
    stored = read_document(admin.rows(STORED)[0][0])
    assert stored.metadata["integrityHash"] == stats["integrityHash"]
    logged = "select metadata ->> 'integrityHash' from user_activity_log where user_id = %s"
    assert admin.rows(logged, admin.id) == [(stats["integrityHash"],)]


def test_a_service_rebuilds_it_too(stack: RunningStack) -> None:
    assert stack.call("refresh-prompt-cache", {"force_refresh": True}).status_code == 200


@pytest.mark.parametrize("role", [None, "moderator"])
def test_others_may_not(stack: RunningStack, role: str | None) -> None:
    answer = create_media_user(stack, role=role).call("refresh-prompt-cache", {})

    assert (answer.status_code, answer.json()["code"]) == (403, "ADMIN_REQUIRED")


def test_a_broken_snapshot_is_repaired(stack: RunningStack) -> None:
    with psycopg.connect(stack.dsn, autocommit=True) as connection:
        connection.execute(
            "update system_config set config = jsonb_set(config, '{promptCache}', %s)",
            (Jsonb({"metadata": {"revision": "newest"}}),),
        )
    answer = stack.call("refresh-prompt-cache", {})

    assert answer.status_code == 200
    with psycopg.connect(stack.dsn) as connection:
        assert read_document(connection.execute(STORED).fetchone()[0])  # type: ignore[index]


def test_other_settings_are_kept_by_concurrent_refreshes(stack: RunningStack) -> None:
    with psycopg.connect(stack.dsn, autocommit=True) as connection:
        connection.execute("update system_config set config = config || '{\"kept\": 1}'")
        threads = [
            threading.Thread(target=stack.call, args=("refresh-prompt-cache", {})) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        found = connection.execute("select config ->> 'kept' from system_config").fetchone()
        connection.execute("update system_config set config = config - 'kept'")
    assert found == ("1",)
