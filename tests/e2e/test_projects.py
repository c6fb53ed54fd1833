"""`edge start` in small projects as the field has them, used by supabase-js."""

import json
import os
import shutil
import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import pytest

from tests.e2e.conftest import JS
from tests.support.cli_process import serving
from tests.support.paths import ROOT

pytestmark = [pytest.mark.e2e, pytest.mark.process]

_STEPS: Final[dict[str, list[list[Any]]]] = {
    "team_board": [
        ["rpc", "create_team", {"team_name": "Red"}],
        ["insert", "cards", {"team_id": "{made}", "title": "First"}],
        ["select", "memberships", "role, teams(name)"],
        ["insert", "teams", {"name": "Blue"}],
        ["upload", "avatars", "{user}/me.png"],
        ["upload", "avatars", "other/me.png"],
        ["invoke", "greet", {"name": "Bob"}],
        ["invoke", "legacy", {}],
    ],
    "shop_orders": [
        ["rpc", "place_order", {"product_name": "Lamp", "amount": 2}],
        ["select", "order_totals", "total"],
        ["select", "product_counts", "products"],
    ],
    "profiles_on_signup": [["select", "profiles", "name"]],
}


@pytest.fixture
def results(node: str, tmp_path: Path) -> dict[str, list[Any]]:
    """What each step answered, by project."""
    projects: list[dict[str, Any]] = []
    with ExitStack() as running:
        for name, steps in _STEPS.items():
            folder = tmp_path / name
            shutil.copytree(ROOT / "tests/projects" / name, folder)
            options = ("start", "--port", "0", "--db-port", "0")
            announced = running.enter_context(serving(folder, *options))
            url, key = announced["API_URL"], announced["PUBLISHABLE_KEY"]
            projects.append({"name": name, "url": url, "key": key, "steps": steps})
        ran = subprocess.run(
            [node, "project_scenarios.mjs"],
            cwd=JS,
            env={"PATH": os.environ["PATH"], "PROJECTS": json.dumps(projects)},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


@pytest.mark.timeout(180)
def test_projects_start_and_serve_their_frontends(results: dict[str, list[Any]]) -> None:
    team, card, members, refused, avatar, foreign, greeting, legacy = results["team_board"]
    assert team["name"] == "Red"
    assert [row["title"] for row in card] == ["First"]
    assert members == [{"role": "owner", "teams": {"name": "Red"}}]
    assert "row-level security" in refused["error"]
    assert avatar["path"].endswith("/me.png")
    assert "row-level security" in foreign["error"]
    assert greeting == {"hello": "Bob"}
    assert "error" in legacy

    assert results["shop_orders"] == [39, [{"total": 39}], [{"products": 2}]]
    assert results["profiles_on_signup"] == [[{"name": "Bob"}]]
