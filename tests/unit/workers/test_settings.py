"""Settings of a worker: the project's key, or one of its own."""

import pytest

from workers.settings import SettingsError, read_settings

PROJECT = {"SUPABASE_URL": "http://127.0.0.1:1", "SUPABASE_SERVICE_ROLE_KEY": "service"}


def test_a_key_of_its_own_comes_before_the_project_s() -> None:
    settings = read_settings(("sdxl",), "local", {**PROJECT, "WORKER_KEY": "wk_1"})
    assert (settings.key, settings.queue_token) == ("wk_1", "wk_1")
    assert (settings.has_own_key, settings.looks_first) == (True, False)
    settings = read_settings(("sdxl", "chat"), "local", PROJECT)
    assert (settings.key, settings.has_own_key, settings.looks_first) == ("service", False, True)


def test_a_chat_worker_needs_the_project_s_key() -> None:
    with pytest.raises(SettingsError, match="SUPABASE_SERVICE_ROLE_KEY"):
        read_settings(("chat",), "local", {**PROJECT, "WORKER_KEY": "wk_1"})


def test_a_project_may_be_named_by_its_reference() -> None:
    given = {"SUPABASE_PROJECT_REF": "abc", "SUPABASE_SERVICE_ROLE_KEY": "service"}
    assert read_settings(("sdxl",), "local", given).project_url == "https://abc.supabase.co"
    assert (
        read_settings(("sdxl",), "local", {**given, **PROJECT}).project_url == "http://127.0.0.1:1"
    )
