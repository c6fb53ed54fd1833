"""`edge deploy --with-migrations` against a second Postgres in the role of the hosted project's."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import psycopg
import pytest

from edge.emulator.postgres.cluster import Cluster
from tests.support.cli_process import edge, shell
from tests.support.paths import ROOT
from tests.support.recorded_programs import RecordedPrograms, cloud_run_service

pytestmark = [pytest.mark.e2e, pytest.mark.process, pytest.mark.timeout(600)]
Deploy = Callable[..., CompletedProcess[str]]
MAIN = """
async def main(request):
    return await request.state.client.rpc("{name}", {arguments}).execute()
"""
V1 = "create function price_v1(item text) returns int language sql as 'select 1';"
V2 = "create function price_v2(item text, day date) returns int language sql as 'select 2';"
DEPLOY_TOML = """
project = "p"
[variables]
SUPABASE_URL = "https://shop.supabase.co"
[cloud-run]
project = "c"
region = "r"
"""
ADDS = "20990101000001_add.sql"
REMOVES = "20990101000002_remove.sql"


@pytest.fixture
def hosted(cluster: Cluster, database: str) -> str:
    with psycopg.connect(cluster.dsn(database), autocommit=True) as connection:
        connection.execute("drop schema supabase_migrations cascade")
        connection.execute(f"grant all on database {database} to postgres")
    return cluster.dsn(database, user="postgres")


@pytest.fixture
def programs(tmp_path: Path) -> RecordedPrograms:
    recorded = RecordedPrograms(tmp_path / "programs").install("gcloud")
    secrets = [{"name": f"projects/1/secrets/SUPABASE_{n}_KEY"} for n in ("ANON", "SERVICE_ROLE")]
    recorded.answer("list", "[]").answer("secrets list", secrets)
    recorded.answer("projects describe", "4711\n")
    return recorded


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / "functions/shop").mkdir(parents=True)
    shutil.copy(ROOT / "requirements.lock", root)
    shutil.copy(ROOT / "functions/structured_data/requirements.txt", root / "functions/shop")
    (root / "functions/shop/function.toml").write_text("verify_jwt = false\n")
    (root / "supabase/migrations").mkdir(parents=True)
    (root / "deploy.toml").write_text(DEPLOY_TOML)
    write(root, "20990101000000_first.sql", V1)
    return root


@pytest.fixture
def deploy(root: Path, programs: RecordedPrograms, hosted: str) -> Deploy:
    def run(*arguments: str) -> CompletedProcess[str]:
        environ = shell(PATH=str(programs.path), SUPABASE_DB_URL=hosted)
        return edge(root, "deploy", "shop", "--with-migrations", *arguments, environ=environ)

    return run


def write(root: Path, name: str, text: str) -> None:
    (root / "supabase/migrations" / name).write_text(text)


def calls(root: Path, name: str, **arguments: str) -> None:
    source = MAIN.format(name=name, arguments=json.dumps(arguments))
    (root / "functions/shop/main.py").write_text(source)


def applied(hosted: str) -> list[str]:
    with psycopg.connect(hosted) as connection:
        rows = connection.execute(
            "select version || '_' || name || '.sql'"
            " from supabase_migrations.schema_migrations order by version"
        )
        return [name for (name,) in rows]


def as_listed(programs: RecordedPrograms) -> None:
    call = programs.calls("run", "deploy")[-1]
    labels = dict(pair.split("=") for pair in call.option("labels").split(","))
    given = {key.removeprefix("edge-"): value for key, value in labels.items()}
    programs.answer("services list", [cloud_run_service("shop", **given)])


def test_a_function_moves_to_another_signature_without_a_gap(
    root: Path, deploy: Deploy, hosted: str, programs: RecordedPrograms
) -> None:
    calls(root, "price_v1", item="a")
    first = deploy()
    as_listed(programs)
    write(root, ADDS, V2)
    write(root, REMOVES, "drop function price_v1(text);")
    calls(root, "price_v2", item="a", day="b")

    shown = deploy("--plan")
    planned = json.loads(deploy("--plan", "-o", "json").stdout)
    unasked = deploy()
    programs.answer("deploy", stderr="ERROR: quota", status=1)
    failed = deploy("--yes")
    between = applied(hosted)
    programs.answer("deploy", "")
    done = deploy("--yes")

    assert first.returncode == 0, first.stderr
    lines = shown.stdout.splitlines()
    order = [f"#   {ADDS}", "# 2. functions", "# 3. migrations that remove:", f"#   {REMOVES}"]
    assert sorted(map(lines.index, order)) == [lines.index(line) for line in order]
    assert f"#   {REMOVES}: function price_v1 goes: drop function price_v1(text)" in shown.stdout
    assert (planned["migrations"]["before"], planned["migrations"]["after"]) == ([ADDS], [REMOVES])
    assert (unasked.returncode, "--yes" in unasked.stderr) == (2, True)
    assert (failed.returncode, f"Not applied, as functions failed: {REMOVES}" in failed.stderr) == (
        1,
        True,
    )
    assert between[1:] == [ADDS]
    assert done.returncode == 0, done.stderr
    assert applied(hosted)[1:] == [ADDS, REMOVES]


def test_what_would_break_a_bundle_is_refused_before_anything_is_done(
    root: Path, deploy: Deploy, hosted: str, programs: RecordedPrograms
) -> None:
    calls(root, "price_v1", item="a")
    assert deploy().returncode == 0
    as_listed(programs)
    programs.forget()
    changed = V1.replace("item text", "item text, day date")
    write(root, ADDS, f"drop function price_v1(text); {changed}")
    calls(root, "price_v1", item="a", day="b")
    recorded = deploy("--yes")
    (root / ".edge/deploy/cloud-run/default/calls.json").unlink()
    unknown = deploy("--yes")
    container = deploy("--target", "container")

    assert "shop, which is deployed, calls price_v1(item): it changes first." in recorded.stderr
    assert "shop, which is deployed, may call, as nothing says" in unknown.stderr
    assert "_v2" in recorded.stderr
    assert (recorded.returncode, unknown.returncode, container.returncode) == (1, 1, 2)
    assert programs.calls("run", "deploy") == []
    assert len(applied(hosted)) == 1
