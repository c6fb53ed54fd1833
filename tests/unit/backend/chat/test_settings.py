"""Settings of the chat backend."""

import pytest

from backend.chat.settings import SettingsError, read_settings

GIVEN = {
    "SUPABASE_URL": "http://127.0.0.1:54321/",
    "SUPABASE_SECRET_KEYS": '{"default": "sb_secret_x"}',
    "SUPABASE_DB_URL": "postgres://x",
}


def test_the_stacks_variables() -> None:
    settings = read_settings(GIVEN)
    assert settings.api_url == "http://127.0.0.1:54321"
    assert settings.key == "sb_secret_x"
    assert settings.port == 8000
    assert "sb_secret_x" not in repr(settings)


def test_the_names_of_the_original() -> None:
    settings = read_settings(
        {
            "SUPABASE_PROJECT_REF": "abcdefgh",
            "SUPABASE_ANON_KEY": "anon",
            "CHAT_DATABASE_URL": "sqlite:///chat.db",
            "CHAT_CORS_ORIGINS": "http://a, http://b",
        }
    )
    assert settings.api_url == "https://abcdefgh.supabase.co"
    assert settings.key == "anon"
    assert settings.cors_origins == ("http://a", "http://b")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"SUPABASE_URL": ""}, "SUPABASE_PROJECT_REF"),
        ({"SUPABASE_SECRET_KEYS": ""}, "SUPABASE_ANON_KEY"),
        ({"SUPABASE_SECRET_KEYS": "{"}, "must be JSON"),
        ({"SUPABASE_DB_URL": ""}, "CHAT_DATABASE_URL"),
        ({"PORT": "http"}, "PORT"),
        ({"PORT": "65536"}, "PORT"),
    ],
)
def test_what_is_missing_is_named(change: dict[str, str], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        read_settings({**GIVEN, **change})
