"""deploy.toml: environments, functions of their own, and what is wrong with a file, by key."""

from pathlib import Path

import pytest

from edge.deploy.settings import load_settings
from edge.errors import EdgeError
from tests.support.workloads import DEPLOY_TOML, settings


def message(folder: Path, text: str, env: str | None = None) -> str:
    with pytest.raises(EdgeError) as caught:
        settings(folder, env, text).cloud_run("hello")
    return str(caught.value)


def test_an_environment_is_laid_over_what_all_have(tmp_path: Path) -> None:
    staging, production = settings(tmp_path), settings(tmp_path, "production")

    assert staging.variables == {
        "SUPABASE_URL": "https://staging.supabase.co",
        "OPENAI_MODEL": "small",
    }
    assert production.variables["SUPABASE_URL"] == "https://shop.supabase.co"
    assert staging.cloud_run().project == "shop-cloud"
    assert production.cloud_run().project == "shop-production"
    assert production.cloud_run().region == "europe-west1"


def test_a_function_may_differ(tmp_path: Path) -> None:
    read = settings(tmp_path)

    assert read.cloud_run("busy").min_instances == 2
    assert read.cloud_run("hello").min_instances == 0


def test_a_secret_may_be_optional_for_one_function(tmp_path: Path) -> None:
    text = DEPLOY_TOML.replace('["RETELL_WEBHOOK_SECRET"]', '["A", "hello:B"]')
    read = settings(tmp_path, None, text)

    assert read.for_function("hello").optional_secrets == {"A", "B"}
    assert read.for_function("busy").optional_secrets == {"A"}


def test_staging_is_meant_where_there_are_several_and_none_is_named(tmp_path: Path) -> None:
    assert settings(tmp_path, None).env == "staging"


def test_without_a_file_there_is_one_environment_and_the_project_is_supabase_s(
    tmp_path: Path,
) -> None:
    (tmp_path / "supabase").mkdir()
    (tmp_path / "supabase/config.toml").write_text('project_id = "My Shop"')

    read = load_settings(tmp_path, None)

    assert (read.env, read.project, read.target) == ("default", "my-shop", "cloud-run")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[cloud-run]\nregion = 'r'", "[cloud-run] project is not set"),
        ("", '[cloud-run]\n    project = "…"\n    region = "…"'),
        ("[cloud-run]\nproject = 'p'\nregoin = 'r'", "[cloud-run] regoin. Did you mean region?"),
        ("[cloud-run]\nproject = 'p'\nregion = 3", "[cloud-run] region: Input should be a valid"),
        ("cloud-run = 3", "cloud-run must be a table"),
        ("tagret = 'knative'", "there is no setting tagret. Did you mean target?"),
        ("target = 'heroku'", "target: Input should be 'cloud-run', 'knative' or 'container'"),
        ("target = ", "is not valid TOML"),
        ("[env.staging]\n[env.production]\n", "[cloud-run] project is not set"),
        ("[env.one]\n[env.two]\n", "There are: one, two"),
        ("[variables]\nOPENAI_API_KEY = 'x'", "variables.OPENAI_API_KEY looks like a secret"),
        ("[variables]\nNAME = 'sk-abc'", "variables.NAME looks like a secret"),
    ],
)
def test_what_is_wrong_is_told_by_its_key(tmp_path: Path, text: str, said: str) -> None:
    assert said in message(tmp_path, text)


def test_an_environment_that_is_not_there_is_refused_with_the_one_meant(tmp_path: Path) -> None:
    assert "Did you mean --env production?" in message(tmp_path, DEPLOY_TOML, "prodction")


def test_settings_for_no_function_are_refused(tmp_path: Path) -> None:
    with pytest.raises(EdgeError, match=r"\[cloud-run.functions.busy\] names an unknown function"):
        settings(tmp_path).check_functions({"buzy", "hello"})
