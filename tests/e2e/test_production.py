"""`edge serve --production`: checks of requests, log, drain, restart and shutdown."""

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil
import pytest

from edge.emulator.postgres.cluster import Cluster
from edge.emulator.rest.app import RestApp
from edge.gateway.app import Gateway
from edge.tokens import Keys, mint, mint_api_key
from tests.support.cli_process import edge, shell
from tests.support.process_tree import is_running
from tests.support.production_process import DEADLINE, SECRET, Instance, production, variables
from tests.support.serving import HttpServer, LoopThread
from tests.support.waiting import PATIENCE, wait_for

pytestmark = [pytest.mark.process, pytest.mark.e2e, pytest.mark.timeout(600)]

MAIN = """
import os, time

def main(request):
    if request.args.get("wait"):
        open(request.args["wait"], "w").close()
        time.sleep(float(request.args["seconds"]))
    return {name: value for name, value in os.environ.items() if not name.startswith("SUPABASE_JW")}
"""
TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("project")
    for name, policy in {
        "environment": 'secrets = ["MOOD", "OPENAI_API_KEY"]\n',
        "open": 'verify_jwt = false\nbody_limit = "1MB"\n',
        "rare": "verify_jwt = false\nrate_limit = 0.001\n",
    }.items():
        folder = root / "functions" / name
        folder.mkdir(parents=True)
        (folder / "main.py").write_text(MAIN)
        (folder / "function.toml").write_text(policy)
    return root


@pytest.fixture(scope="module")
def instance(root: Path) -> Iterator[Instance]:
    environment = variables() | {"MOOD": "calm", "OTHER": "hidden", "GOOGLE_CLOUD_PROJECT": "shop"}
    with production(root, root / "log", environment, "--processes", "1") as running:
        running.wait_until_ready()
        yield running


def ask(url: str, slug: str, **options: object) -> httpx.Response:
    return httpx.post(f"{url}/functions/v1/{slug}", timeout=DEADLINE, **options)  # type: ignore[arg-type]


def user(**claims: object) -> dict[str, str]:
    return {"authorization": f"Bearer {mint(SECRET, 'authenticated', sub='u', **claims)}"}


def test_only_a_valid_token_reaches_a_function_that_verifies_it(instance: Instance) -> None:
    forged = {"authorization": f"Bearer {mint('x' * 40, 'authenticated', sub='u')}"}

    assert ask(instance.url, "environment").status_code == 401
    assert ask(instance.url, "environment", headers=forged).status_code == 401
    assert ask(instance.url, "environment", headers=user(exp=1)).status_code == 401
    assert ask(instance.url, "environment", headers=user()).status_code == 200


def test_a_function_gets_its_declared_secrets_and_no_emulated_provider(instance: Instance) -> None:
    seen = ask(instance.url, "environment", headers=user()).json()

    assert seen["MOOD"] == "calm"
    assert {"OTHER", "OPENAI_API_KEY", "OPENAI_BASE_URL", "SB_REGION"} & set(seen) == set()


def test_there_is_no_console_where_functions_are_served(instance: Instance) -> None:
    paths = ("/console/", "/console/api/status", "/console/sign-in")

    assert {httpx.get(f"{instance.url}{path}").status_code for path in paths} == {404}


def test_a_body_over_the_limit_is_refused(instance: Instance) -> None:
    assert ask(instance.url, "open", content=b"x" * (1 << 20)).status_code == 200
    assert ask(instance.url, "open", content=b"x" * ((1 << 20) + 1)).status_code == 413


def test_a_request_is_logged_in_cloud_loggings_shape(instance: Instance) -> None:
    traceparent = f"00-{TRACE}-b7ad6b7169203331-01"
    reply = ask(instance.url, "open?token=hush", headers={"traceparent": traceparent})
    request_id = reply.headers["sb-request-id"]
    labels = "logging.googleapis.com/labels"

    line = instance.wait_for(
        lambda line: line if line.get(labels, {}).get("request_id") == request_id else None
    )

    assert line["severity"] == "INFO"
    assert line["httpRequest"]["requestUrl"] == "/functions/v1/open"
    assert (line["httpRequest"]["requestMethod"], line["httpRequest"]["status"]) == ("POST", 200)
    assert line["logging.googleapis.com/trace"] == f"projects/shop/traces/{TRACE}"
    assert "hush" not in instance.log.read_text()


def test_sigterm_finishes_active_requests_and_refuses_new_ones(root: Path, tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    with (
        production(root, tmp_path / "log", variables(), "--processes", "2", "--grace", "40") as run,
        ThreadPoolExecutor() as pool,
    ):
        url = run.wait_until_ready()
        slow = pool.submit(ask, url, "open", params={"wait": str(begun), "seconds": "2"})
        while not begun.exists():
            time.sleep(0.02)
        run.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + DEADLINE
        while not is_refused(url):
            assert time.monotonic() < deadline

        assert slow.result().status_code == 200
        assert run.process.wait(DEADLINE) == 0


def is_refused(url: str) -> bool:
    try:
        httpx.get(f"{url}/_internal/live", timeout=PATIENCE)
    except httpx.TransportError:
        return True
    return False


def test_an_instance_needs_nothing_that_only_linux_has(root: Path, tmp_path: Path) -> None:
    environment = variables() | {"EDGE_PORTABLE": "1"}
    with production(root, tmp_path / "log", environment, "--processes", "2") as run:
        url = run.wait_until_ready()
        before = run.children()
        answered = ask(url, "open").status_code
        os.kill(min(before), signal.SIGKILL)
        wait_for(lambda: len(run.children() - {min(before)}) == 2)
        again = wait_for(lambda: ask(url, "open").status_code == 200)
        run.process.send_signal(signal.SIGTERM)

        assert (answered, again, run.process.wait(DEADLINE)) == (200, True, 0)


def test_a_killed_process_is_replaced_and_none_outlives_the_parent(
    root: Path, tmp_path: Path
) -> None:
    with production(root, tmp_path / "log", variables(), "--processes", "2") as run:
        url = run.wait_until_ready()
        said = {
            httpx.get(f"{url}/_internal/health", timeout=PATIENCE).status_code for _ in range(40)
        }
        assert said == {200}
        before = run.children()
        victim = next(iter(before))
        os.kill(victim, signal.SIGKILL)
        run.wait_for(lambda line: f"process {victim} ended (-9)" in line["message"])
        deadline = time.monotonic() + DEADLINE
        while len(after := run.children() - {victim}) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert ask(run.url, "open").status_code == 200

        run.process.kill()
        run.process.wait()
        while any(is_running(pid) for pid in after):
            assert time.monotonic() < deadline
            time.sleep(0.02)


@pytest.mark.linux_only("elsewhere there is no zygote to wait for")
def test_a_replacement_accepts_nothing_before_it_can_serve(root: Path, tmp_path: Path) -> None:
    with production(root, tmp_path / "log", variables(), "--processes", "2") as run:
        url = run.wait_until_ready()
        before = run.children()
        os.kill(max(before), signal.SIGKILL)
        replacement = wait_for(lambda: min(run.children() - before, default=None))
        zygote = wait_for(lambda: next(iter(psutil.Process(replacement).children()), None))
        zygote.suspend()
        answers = [ask(url, "open").status_code for _ in range(30)]
        zygote.resume()

    assert answers == [200] * 30


def test_instances_share_a_rate_limit(root: Path, cluster: Cluster, database: str) -> None:
    loop = LoopThread()
    rest = RestApp(cluster.dsn(database, user="authenticator"), keys=Keys(SECRET))
    server = HttpServer(Gateway({"/rest/v1": rest}, {}))
    loop.run(rest.open())
    loop.run(server.start())
    environment = variables(server.url)
    environment["SUPABASE_SERVICE_ROLE_KEY"] = mint_api_key(SECRET, "service_role")
    try:
        with (
            production(root, root / "log-1", environment, "--processes", "1") as first,
            production(root, root / "log-2", environment, "--processes", "1") as second,
        ):
            urls = [first.wait_until_ready(), second.wait_until_ready()]
            answers = [ask(url, "rare") for url in urls]
    finally:
        loop.run(server.close())
        loop.run(rest.close())
        loop.close()

    assert [answer.status_code for answer in answers] == [200, 429]
    assert 0 < int(answers[1].headers["retry-after"]) <= 1000


def test_without_the_database_each_process_counts_its_rate_limit(instance: Instance) -> None:
    answers = [ask(instance.url, "rare").status_code for _ in range(2)]

    assert answers == [200, 429]
    instance.wait_for(lambda line: "counted by each process alone" in line["message"])


@pytest.mark.parametrize(
    ("left_out", "expected"),
    [
        ("SUPABASE_URL", "SUPABASE_URL"),
        ("SUPABASE_ANON_KEY", "SUPABASE_PUBLISHABLE_KEY"),
        ("SUPABASE_SERVICE_ROLE_KEY", "SUPABASE_SECRET_KEY"),
        ("SUPABASE_JWT_SECRET", "nothing to verify tokens with"),
        ("SUPABASE_JWKS", "cannot be fetched"),
    ],
)
def test_a_missing_variable_is_reported(root: Path, left_out: str, expected: str) -> None:
    environment = {name: value for name, value in variables().items() if name != left_out}

    ran = edge(root, "serve", "--production", "--port", "0", environ=shell(**environment))

    assert ran.returncode == 2
    assert expected in ran.stderr
    assert "Traceback" not in ran.stderr
