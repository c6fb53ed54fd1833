"""Where /authorize leads: the provider's own address, or the `url` of a self-hosted one."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from edge.emulator.auth.gotrue_environment import read_environment
from edge.project.config_toml import read_config
from tests.support.auth_service import SECRET, Open

CONFIG = """
[auth.external.{name}]
enabled = true
client_id = "id"
secret = "env(PROVIDER_SECRET)"
url = "{url}"
"""


async def find_target(open_auth: Open, folder: Path, name: str, url: str) -> tuple[int, str]:
    """Return the status of /authorize, and where it leads or what it says is wrong."""
    file = folder / "config.toml"
    file.write_text(CONFIG.format(name=name, url=url))
    environment = {"PROVIDER_SECRET": "s", "PROVIDER_URL": "https://env.example"}
    variables = read_config(file, environment).auth
    config = read_environment({**variables, "GOTRUE_JWT_SECRET": SECRET})
    auth = await open_auth(providers=config.providers)
    answer = await auth("GET", f"/authorize?provider={name}&redirect_to=http://127.0.0.1:3000")
    if answer.status_code != 302:
        return answer.status_code, answer.json()["message"]
    location = urlsplit(answer.headers["location"])
    assert parse_qs(location.query)["client_id"] == ["id"]
    assert parse_qs(location.query)["state"]
    return 302, f"{location.scheme}://{location.netloc}{location.path}"


@pytest.mark.parametrize(
    ("name", "url", "target"),
    [
        ("github", "", "https://github.com/login/oauth/authorize"),
        ("github", "https://git.example", "https://git.example/login/oauth/authorize"),
        ("github", "http://127.0.0.1:8089/", "http://127.0.0.1:8089/login/oauth/authorize"),
        ("github", "env(PROVIDER_URL)", "https://env.example/login/oauth/authorize"),
        ("gitlab", "https://git.example/gitlab", "https://git.example/gitlab/oauth/authorize"),
        (
            "azure",
            "https://login.microsoftonline.com/tenant",
            "https://login.microsoftonline.com/tenant/oauth2/v2.0/authorize",
        ),
        ("azure", "", "https://login.microsoftonline.com/common/oauth2/v2.0/authorize"),
        ("discord", "https://chat.example", "https://chat.example/api/oauth2/authorize"),
        (
            "keycloak",
            "https://id.example/realms/r",
            "https://id.example/realms/r/protocol/openid-connect/auth",
        ),
        ("google", "https://ignored.example", "https://accounts.google.com/o/oauth2/v2/auth"),
        ("apple", "https://ignored.example", "https://appleid.apple.com/auth/authorize"),
    ],
)
async def test_authorize_leads_to_the_url_of_the_provider(
    open_auth: Open, tmp_path: Path, name: str, url: str, target: str
) -> None:
    assert await find_target(open_auth, tmp_path, name, url) == (302, target)


async def test_keycloak_needs_a_url(open_auth: Open, tmp_path: Path) -> None:
    status, message = await find_target(open_auth, tmp_path, "keycloak", "")

    assert status == 400
    assert message == "Unsupported provider: unable to find URL for the Keycloak provider"
