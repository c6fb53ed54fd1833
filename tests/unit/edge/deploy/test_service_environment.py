"""Which variables and secrets a function is given."""

from dataclasses import replace
from pathlib import Path

from edge.deploy.service_environment import resolve_environment
from edge.deploy.settings import is_credential
from tests.support.workloads import settings

HELD = frozenset(
    ("SUPABASE_ANON_KEY", "SUPABASE_SERVICE_ROLE_KEY", "SUPABASE_JWT_SECRET", "OPENAI_API_KEY")
)


def test_a_function_gets_the_project_s_keys_and_of_the_rest_what_it_names(tmp_path: Path) -> None:
    environment = resolve_environment(
        ("OPENAI_API_KEY", "OPENAI_MODEL"), settings(tmp_path), HELD | {"RETELL_API_KEY"}
    )

    assert environment.secrets == tuple(sorted(HELD))
    assert environment.variables == {
        "OPENAI_MODEL": "small",
        "SUPABASE_URL": "https://staging.supabase.co",
    }
    assert (environment.missing, environment.notes) == ((), ())


def test_a_variable_is_not_told_to_a_function_that_does_not_name_it(tmp_path: Path) -> None:
    assert "OPENAI_MODEL" not in resolve_environment((), settings(tmp_path), HELD).variables


def test_where_telemetry_goes_is_told_to_all_and_its_key_is_a_secret(tmp_path: Path) -> None:
    given = settings(tmp_path)
    endpoint = {"OTEL_EXPORTER_OTLP_ENDPOINT": "https://collector.example"}
    given = replace(given, variables={**given.variables, **endpoint})
    held = HELD | {"OTEL_EXPORTER_OTLP_HEADERS"}

    environment = resolve_environment((), given, held)

    assert given.has_telemetry
    assert environment.variables["OTEL_EXPORTER_OTLP_ENDPOINT"] == "https://collector.example"
    assert "OTEL_EXPORTER_OTLP_HEADERS" in environment.secrets
    assert is_credential("OTEL_EXPORTER_OTLP_HEADERS")


def test_credentials_are_needed_and_settings_are_not(tmp_path: Path) -> None:
    wanted = ("RETELL_API_KEY", "RETELL_WEBHOOK_SECRET", "RETELL_TIMEOUT_SECONDS")

    assert resolve_environment(wanted, settings(tmp_path), HELD).missing == ("RETELL_API_KEY",)


def test_either_kind_of_key_will_do(tmp_path: Path) -> None:
    named = frozenset(("SUPABASE_PUBLISHABLE_KEYS", "SUPABASE_SECRET_KEYS"))

    environment = resolve_environment((), settings(tmp_path), named)

    assert environment.missing == ()
    assert "SUPABASE_JWT_SECRET" in environment.notes[0]
    assert resolve_environment((), settings(tmp_path), frozenset()).missing == (
        "SUPABASE_ANON_KEY",
        "SUPABASE_SERVICE_ROLE_KEY",
    )


def test_where_nobody_can_say_what_there_is_the_needed_is_taken_to_be_there(
    tmp_path: Path,
) -> None:
    environment = resolve_environment(
        ("OPENAI_API_KEY", "OPENAI_API_MODE"), settings(tmp_path), None
    )

    assert environment.secrets == (
        "OPENAI_API_KEY",
        "SUPABASE_ANON_KEY",
        "SUPABASE_SERVICE_ROLE_KEY",
    )
