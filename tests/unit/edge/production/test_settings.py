from pathlib import Path

from edge.production.settings import load_production_settings
from edge.project.settings import DEFAULT_JWT_SECRET


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
