"""`edge start` in small projects as the field has them, used by supabase-js."""

import json
import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import pytest

from tests.e2e.conftest import JS
from tests.support.cli_process import serving
from tests.support.paths import ROOT
from tests.support.waiting import PATIENCE

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
    "buckets_and_policies": [
        ["select", "albums", "title"],
        ["upload", "pictures", "{user}/me.png"],
    ],
    "folder with spaces": [["select", "letters", "*"]],
    "installed_extension": [["select", "greetings", "text"]],
    "jobs_and_hooks": [["claim", "plan"], ["select", "reports", "id"]],
    "live_messages": [["live", "messages", {"body": "second"}]],
    "own_schema": [["select", "files", "name", "api"]],
    "pulled_schema": [["insert", "tickets", {}]],
    "vector_search": [["rpc", "match_documents", {"query_embedding": "[1,0,0]"}]],
    "work_queues": [["insert", "signups", {"address": "bob@example.com"}]],
}
_AT_ONCE: Final = 3


@pytest.fixture
def results(node: str, tmp_path: Path) -> dict[str, list[Any]]:
    """What each step answered, by project."""
    with ExitStack() as running, ThreadPoolExecutor(_AT_ONCE) as starting:

        def start(name: str) -> dict[str, Any]:
            folder = tmp_path / name
            shutil.copytree(ROOT / "tests/projects" / name, folder)
            options = ("start", "--port", "0", "--db-port", "0")
            announced = running.enter_context(serving(folder, *options))
            url, key = announced["API_URL"], announced["PUBLISHABLE_KEY"]
            return {"name": name, "url": url, "key": key, "steps": _STEPS[name]}

        projects = list(starting.map(start, _STEPS))
        ran = subprocess.run(
            [node, "project_scenarios.mjs"],
            cwd=JS,
            env={"PATH": os.environ["PATH"], "PROJECTS": json.dumps(projects)},
            capture_output=True,
            text=True,
            check=False,
            timeout=3 * PATIENCE,
        )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


@pytest.mark.timeout(600)
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
    albums, picture = results["buckets_and_policies"]
    assert [album["title"] for album in albums] == ["first", "second"]
    assert "row-level security" in picture["error"]
    assert results["folder with spaces"] == [[{"id": 1, "Für wen": "Zoë", "größe": 1}]]
    assert results["installed_extension"] == [[{"text": "Hello Ann"}]]
    assert results["jobs_and_hooks"] == ["free", []]
    assert results["live_messages"][0]["body"] == "second"
    assert [file["name"] for file in results["own_schema"][0]] == ["file10", "file9"]
    assert results["pulled_schema"][0][0]["state"] == "late"
    assert [found["body"] for found in results["vector_search"][0]] == ["near", "far"]
    assert results["work_queues"][0][0]["address"] == "bob@example.com"
