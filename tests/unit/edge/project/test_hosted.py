"""SUPABASE_URL: when the functions work on a project that runs elsewhere, and with which keys."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge.errors import EdgeError
from edge.project.hosted import with_published_keys
from edge.project.manifest import Function, Manifest
from edge.project.settings import DEFAULT_JWT_SECRET, Settings, load_settings
from edge.project.worker_environment import build_worker_environment
from edge.tokens import TokenError, mint, verify
from tests.support.serving import HttpServer, LoopThread

HOSTED = {
    "SUPABASE_URL": "https://abc.supabase.co/",
    "SUPABASE_ANON_KEY": "their-anon",
    "SUPABASE_SERVICE_ROLE_KEY": "their-service",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "functions/one").mkdir(parents=True)
    return tmp_path


def environment(settings: Settings) -> dict[str, str]:
    function = Function("one", settings.root / "functions/one", Manifest())
    return build_worker_environment(settings, function)


def test_functions_are_told_that_project_and_its_keys(root: Path) -> None:
    settings = load_settings(root, environ=HOSTED)

    given = environment(settings)

    assert (settings.hosted_url, settings.has_database) == ("https://abc.supabase.co", False)
    assert given["SUPABASE_URL"] == "https://abc.supabase.co"
    assert given["SUPABASE_ANON_KEY"] == "their-anon"
    assert given["SUPABASE_SERVICE_ROLE_KEY"] == "their-service"
    assert given["SUPABASE_FUNCTION_SLUG"] == "one"
    assert "SUPABASE_DB_URL" not in given


def test_a_project_may_be_named_by_its_reference_beside_a_key(root: Path) -> None:
    environ = {"SUPABASE_PROJECT_REF": "abc", "SUPABASE_ANON_KEY": "their-anon"}

    given = environment(load_settings(root, environ=environ))

    assert given["SUPABASE_URL"] == "https://abc.supabase.co"
    assert given["SUPABASE_ANON_KEY"] == "their-anon"
    assert load_settings(root, environ={"SUPABASE_PROJECT_REF": "abc"}).hosted is None
    other = {**environ, "SUPABASE_URL": "https://other.example"}
    assert load_settings(root, environ=other).hosted_url == "https://other.example"


@pytest.mark.parametrize("name", ["PUBLISHABLE_KEY", "PUBLISHABLE_KEYS"])
def test_new_keys_are_given_by_the_names_of_the_platform(root: Path, name: str) -> None:
    value = "sb_publishable_x" if name.endswith("KEY") else '{"default": "sb_publishable_x"}'
    environ = {"SUPABASE_URL": "https://abc.supabase.co", f"SUPABASE_{name}": value}

    settings = load_settings(root, environ=environ)

    assert settings.publishable_key == "sb_publishable_x"
    assert json.loads(environment(settings)["SUPABASE_PUBLISHABLE_KEYS"]) == {
        "default": "sb_publishable_x"
    }


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_our_own_address_is_not_elsewhere(root: Path, host: str) -> None:
    environ = {**HOSTED, "SUPABASE_URL": f"http://{host}:54321"}

    settings = load_settings(root, environ=environ)

    assert (settings.hosted, settings.has_database) == (None, True)
    assert environment(settings)["SUPABASE_URL"] == "http://127.0.0.1:54321"


def test_another_stack_on_this_machine_has_the_well_known_secret(root: Path) -> None:
    environ = {**HOSTED, "SUPABASE_URL": "http://127.0.0.1:54321"}

    settings = load_settings(root, port=54399, environ=environ)

    assert settings.hosted_url == "http://127.0.0.1:54321"
    assert verify(mint(DEFAULT_JWT_SECRET, "anon"), settings.keys)["role"] == "anon"


def test_nobody_passes_for_a_hosted_project_with_the_well_known_secret(root: Path) -> None:
    settings = load_settings(root, environ=HOSTED)

    with pytest.raises(TokenError):
        verify(mint(DEFAULT_JWT_SECRET, "service_role"), settings.keys)


def test_the_env_file_of_the_command_line_may_name_the_project(root: Path) -> None:
    (root / "hosted.env").write_text("".join(f"{k}={v}\n" for k, v in HOSTED.items()) + "A=1\n")

    settings = load_settings(root, env_file=root / "hosted.env", environ={})

    assert settings.hosted_url == "https://abc.supabase.co"
    assert (settings.secrets, settings.ignored) == ({"A": "1"}, ())


def test_functions_env_may_not(root: Path) -> None:
    (root / "functions/.env").write_text("SUPABASE_URL=https://abc.supabase.co\n")

    settings = load_settings(root, environ={})

    assert (settings.hosted, settings.ignored) == (None, ("SUPABASE_URL",))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"SUPABASE_URL": "abc.supabase.co"}, "is not a project URL"),
        ({"SUPABASE_URL": "https://"}, "is not a project URL"),
        ({"SUPABASE_ANON_KEY": ""}, "there is no key for it"),
        ({"SUPABASE_SECRET_KEYS": "["}, "not a JSON object"),
        ({"SUPABASE_JWKS": "[]"}, "is not a key set"),
    ],
)
def test_half_a_description_is_refused(root: Path, change: dict[str, str], said: str) -> None:
    with pytest.raises(EdgeError, match=said):
        _ = load_settings(root, environ=HOSTED | change).secret_key


@pytest.fixture(scope="module")
def project() -> Iterator[str]:
    """A project that publishes one key, and another below /broken that cannot."""

    async def keys(request: Request) -> Response:
        if "broken" in request.url.path:
            return Response("<html>", status_code=200)
        return JSONResponse({"keys": [{"kty": "oct", "alg": "HS256", "k": "eA"}]})

    app = Starlette(routes=[Route("/{rest:path}", keys)])
    thread, server = LoopThread(), HttpServer(app)
    thread.run(server.start())
    yield server.url
    thread.run(server.close())
    thread.close()


def test_the_keys_that_it_publishes_are_fetched(root: Path, project: str) -> None:
    settings = load_settings(root, environ={**HOSTED, "SUPABASE_URL": project})
    assert settings.hosted is not None

    settings = replace(settings, hosted=with_published_keys(settings.hosted))

    assert json.loads(environment(settings)["SUPABASE_JWKS"])["keys"][0]["k"] == "eA"


def test_keys_that_were_given_are_not_fetched(root: Path) -> None:
    environ = {**HOSTED, "SUPABASE_URL": "http://127.0.0.1:9", "SUPABASE_JWKS": '{"keys": []}'}
    hosted = load_settings(root, environ=environ).hosted
    assert hosted is not None

    assert with_published_keys(hosted) is hosted


@pytest.mark.parametrize(
    ("path", "said"), [("/broken", "is not a key set"), (None, "cannot be fetched")]
)
def test_a_project_without_keys_is_named(
    root: Path, project: str, path: str | None, said: str
) -> None:
    url = "http://127.0.0.1:9" if path is None else project + path
    hosted = load_settings(root, environ={**HOSTED, "SUPABASE_URL": url}).hosted
    assert hosted is not None

    with pytest.raises(EdgeError, match=said):
        with_published_keys(hosted)
