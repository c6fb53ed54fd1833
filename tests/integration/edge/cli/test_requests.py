"""`edge requests` and `edge replay` against a running stack."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from edge.cli.app import app
from tests.support.recorded_stack import RecordedStack
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.process]


def run(recorded: RecordedStack, *arguments: str) -> Result:
    folder = str(recorded.stack.settings.root)
    return CliRunner().invoke(app, [*arguments, "--workdir", folder])


def record(recorded: RecordedStack, value: int) -> str:
    answer = recorded.call("picky", json={"value": value})
    recorded.show(answer.headers["sb-request-id"])
    return answer.headers["sb-request-id"]


def test_lists_by_filter(recorded: RecordedStack) -> None:
    request_id = record(recorded, -31)

    listed = run(recorded, "requests", "--function", "picky", "--status", "4xx", "--json")

    items = [json.loads(line) for line in listed.stdout.splitlines()]
    assert listed.exit_code == 0
    assert items[-1]["id"] == request_id
    assert {item["status"] for item in items} <= {401, 422}


def test_shows_one_with_its_parts(recorded: RecordedStack) -> None:
    request_id = record(recorded, -32)

    shown = run(recorded, "requests", request_id)

    assert shown.exit_code == 0
    for part in ("422", "-32 is negative", "caller: service_role", "handler", '"value": -32'):
        assert part in shown.stdout


def test_shows_tokens_and_cost_and_which_price_is_missing(recorded: RecordedStack) -> None:
    request_id = recorded.call("models", json={}).headers["sb-request-id"]
    wait_for(lambda: len((recorded.show(request_id)["usage"] or {"calls": ()})["calls"]) == 3)

    shown = run(recorded, "requests", request_id).stdout

    assert re.search(r"chat gpt-4o-mini  \(\d+ \+ \d+ tokens, \$0\.\d{6} computed\)", shown)
    assert re.search(r"chat house-model  \(\d+ \+ \d+ tokens\)", shown)
    assert "Tokens and cost" in shown
    assert '"house-model"' in shown


def test_replays_with_another_body_and_shows_the_difference(
    recorded: RecordedStack, tmp_path: Path
) -> None:
    request_id = record(recorded, -33)
    body = tmp_path / "body.json"
    body.write_text('{"value": 34}')

    same = run(recorded, "replay", request_id)
    other = run(recorded, "replay", request_id, "--body", f"@{body}", "--as", "service_role")

    assert (same.exit_code, other.exit_code) == (1, 0)
    assert "The answer is the same as before." in same.stdout
    assert "status: 422 → 200" in other.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("requests", "00000000-0000-0000-0000-000000000000"), "There is no request"),
        (("requests", "--status", "9xx"), "status is"),
        (("replay", "nothing"), "id is 'nothing'"),
        (("replay", "00000000-0000-0000-0000-000000000000", "--as", "king"), "--as king"),
    ],
)
def test_what_is_wrong_is_said(
    recorded: RecordedStack, arguments: tuple[str, ...], message: str
) -> None:
    failed = run(recorded, *arguments)

    assert failed.exit_code != 0
    assert message in str(failed.exception)
