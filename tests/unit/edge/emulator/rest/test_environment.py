"""PostgREST's variables as settings of the data API."""

import json

import pytest

from edge.emulator.rest.environment import Settings
from edge.errors import EdgeError


def _settings(**values: str) -> Settings:
    return Settings.from_environment({f"PGRST_{key}": value for key, value in values.items()})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("api", ("api",)),
        (" a , b", ("a", "b")),
        ('"a,b","c""d"', ("a,b", 'c"d')),
        ("تست", ("تست",)),
        ('v1, SPECIAL "@/\\#~_-', ("v1", 'SPECIAL "@/\\#~_-')),
        ("a,, b ,", ("a", "b")),
    ],
)
def test_schemas_are_a_list_of_names(text: str, expected: tuple[str, ...]):
    assert _settings(DB_SCHEMAS=text).config().schemas == expected


@pytest.mark.parametrize("name", ["pg_catalog", "information_schema"])
def test_schemas_of_postgres_itself_are_refused(name: str):
    with pytest.raises(EdgeError, match="PGRST_DB_SCHEMAS"):
        _settings(DB_SCHEMAS=f"public, {name}").config()


@pytest.mark.parametrize(
    ("text", "rollback", "override"),
    [("commit", False, False), ("rollback-allow-override", True, True)],
)
def test_transactions_end_as_set(text: str, rollback: bool, override: bool):
    config = _settings(DB_TX_END=text).config()

    assert (config.tx_rollback, config.tx_allow_override) == (rollback, override)


def test_the_defaults_are_postgrests():
    config = _settings().config()

    assert (config.schemas, config.safeupdate, config.aggregates_enabled) == (
        ("public",),
        False,
        False,
    )


@pytest.mark.parametrize(
    ("key", "text"),
    [
        *(("DB_MAX_ROWS", "many"), ("DB_TX_END", "x"), ("DB_AGGREGATES_ENABLED", "?")),
        ("SERVER_TRACE_HEADER", "no header"),
        *(("OPENAPI_SERVER_PROXY_URI", "example.com"), ("OPENAPI_SERVER_PROXY_URI", "ftp://a")),
        *(("OPENAPI_MODE", "on"), ("CLIENT_ERROR_VERBOSITY", "loud"), ("JWT_ROLE_CLAIM_KEY", "a")),
    ],
)
def test_values_that_cannot_be_are_refused_by_name(key: str, text: str):
    with pytest.raises(EdgeError, match=f"PGRST_{key}"):
        _settings(**{key: text}).config()


@pytest.mark.parametrize(
    "text", [json.dumps({"kty": "oct", "k": "c2VjcmV0"}), "secret", "{secret}", "[]"]
)
def test_the_jwt_secret_is_text_or_a_key(text: str):
    expected = b"secret" if "oct" in text else text

    assert _settings(JWT_SECRET=text).keys().secret == expected


def test_the_jwt_secret_may_be_base64():
    assert _settings(JWT_SECRET="c2VjcmV0", JWT_SECRET_IS_BASE64="true").keys().secret == b"secret"


@pytest.mark.parametrize(
    ("text", "routine"),
    [("root", "root"), ("api.root", "root"), ('"a.b"."my ""root"""', 'my "root"'), ("", None)],
)
def test_a_function_may_answer_the_root(text: str, routine: str | None):
    assert _settings(DB_ROOT_SPEC=text).config().root_routine == routine


def test_what_tokens_and_errors_look_like_is_set():
    config = _settings(
        JWT_AUD="https://api.example.com",
        JWT_ROLE_CLAIM_KEY="$.app.role",
        CLIENT_ERROR_VERBOSITY="minimal",
        OPENAPI_MODE="disabled",
    ).config()

    assert (config.jwt_audience, config.role_claim) == ("https://api.example.com", ("app", "role"))
    assert (config.explains_errors, config.openapi_mode) == (False, "disabled")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, "http://0.0.0.0:3000/"),
        ({"SERVER_HOST": "!4", "SERVER_PORT": "80"}, "http://0.0.0.0:80/"),
        ({"SERVER_HOST": "::1"}, "http://[::1]:3000/"),
        ({"SERVER_PORT": "80", "OPENAPI_SERVER_PROXY_URI": "https://a.b/c"}, "https://a.b/c"),
    ],
)
def test_the_openapi_document_names_the_proxy_or_the_server(values: dict[str, str], expected: str):
    assert _settings(**values).config().server_url == expected


def test_the_address_of_the_command_line_is_the_servers():
    settings = _settings(SERVER_HOST="a", SERVER_PORT="1").with_address(None, 2, "b")

    assert settings.config().server_url == "http://a:2/"
    assert _settings().with_address(None, None, "b").config().server_url == "http://b:3000/"


def test_the_openapi_document_follows_privileges_unless_it_is_told_otherwise():
    config = _settings(OPENAPI_MODE="ignore-privileges", OPENAPI_SECURITY_ACTIVE="true").config()
    default = _settings().config()

    assert (config.openapi_mode, config.openapi_security_active) == ("ignore-privileges", True)
    assert (default.openapi_mode, default.openapi_security_active) == ("follow-privileges", False)


def test_settings_of_the_login_role_are_added_to_the_given_ones():
    given = _settings(APP_SETTINGS_ONE="1", APP_SETTINGS_TWO="2", DB_MAX_ROWS="5").config()
    config = Settings(of_role={"app_settings_two": "3"}).config(given)

    assert config.app_settings == (("app.settings.one", "1"), ("app.settings.two", "3"))
    assert config.max_rows == 5
