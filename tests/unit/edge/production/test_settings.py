from pathlib import Path

import pytest

from edge.errors import EdgeError
from edge.production.settings import load_production_settings, require_project
from edge.project.settings import DEFAULT_JWT_SECRET
from edge.standalone.environment import read_environment


def test_the_well_known_local_secret_is_not_valid_for_a_project_on_loopback(tmp_path: Path) -> None:
    function = tmp_path / "functions/hello"
    function.mkdir(parents=True)
    (function / "main.py").write_text("async def main(request):\n    return {}\n")
    env_file = tmp_path / "project.env"
    env_file.write_text(
        "SUPABASE_URL=http://127.0.0.1:9\nSUPABASE_ANON_KEY=a\nSUPABASE_SERVICE_ROLE_KEY=s\n"
    )

    settings = load_production_settings(tmp_path, port=8080, host="127.0.0.1", env_file=env_file)

    assert settings.jwt_secret != DEFAULT_JWT_SECRET
    assert settings.hosted is not None
    assert settings.hosted.jwt_secret == settings.jwt_secret


def test_a_project_may_be_named_by_its_reference() -> None:
    keys = {"SUPABASE_ANON_KEY": "a", "SUPABASE_SERVICE_ROLE_KEY": "s"}
    require_project({"SUPABASE_PROJECT_REF": "abc", **keys})
    with pytest.raises(EdgeError, match="SUPABASE_URL"):
        require_project(keys)
    for values in ({}, {"SUPABASE_URL": "https://other.example/"}):
        found = read_environment({"SUPABASE_PROJECT_REF": "abc", **values})
        assert found.url == values.get("SUPABASE_URL", "https://abc.supabase.co").rstrip("/")
