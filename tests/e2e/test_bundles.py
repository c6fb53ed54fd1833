"""Each function alone: its bundle, in an environment of nothing but its requirements, started as a
platform starts it, answers what it answers under `edge start`."""

import hashlib
import hmac
import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from edge.deploy.bundle.build import Bundle, build_bundle
from tests.conftest import ROOT, RunningStack
from tests.support.bundle_environment import COMMAND, Environment, create_environment
from tests.support.organization import Organization, create_organization
from tests.support.talk_tracks.user import DECK, User, create_user
from tests.support.waiting import PATIENCE

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]
SLUGS = sorted(path.parent.name.replace("_", "-") for path in ROOT.glob("functions/*/main.py"))
CHANGING = re.compile(
    r"(^|_)(id|ids|uuid|at|ms|seconds|time|timestamp)$|Id$|Updated$|Hash$|^revision$|^duration"
)
NUMBERS = iter(range(6000, 9000))


@dataclass(frozen=True)
class Bundles:
    """Bundles in folders, and one environment for each distinct set of requirements."""

    home: Path
    environments: dict[str, Environment] = field(default_factory=dict)
    built: dict[str, Bundle] = field(default_factory=dict)

    def __getitem__(self, slug: str) -> tuple[Bundle, Path, Environment]:
        folder = self.home / slug
        if slug not in self.built:
            self.built[slug] = build_bundle(ROOT, slug)
            self.built[slug].write(folder)
        bundle = self.built[slug]
        requirements = bundle.files["requirements.txt"].decode()
        if requirements not in self.environments:
            self.environments[requirements] = create_environment(requirements, self.home)
        return bundle, folder, self.environments[requirements]


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bundles]:
    bundles = Bundles(tmp_path_factory.mktemp("bundles"))
    yield bundles
    for environment in bundles.environments.values():
        environment.server.close()


def environ(stack: RunningStack, slug: str) -> dict[str, str]:
    """Return what a platform sets for a function."""
    return {
        "PATH": os.environ["PATH"],
        "K_SERVICE": slug,
        "SUPABASE_URL": stack.url,
        "SUPABASE_ANON_KEY": stack.anon_key,
        "SUPABASE_SERVICE_ROLE_KEY": stack.service_role_key,
        "SUPABASE_JWT_SECRET": stack.jwt_secret,
        "OPENAI_BASE_URL": f"{stack.url}/providers/openai/v1",
        "ANTHROPIC_BASE_URL": f"{stack.url}/providers/anthropic",
        "RETELL_BASE_URL": f"{stack.url}/providers/retell",
        "RETELL_API_KEY": "local",
    }


@contextmanager
def deployed(stack: RunningStack, bundles: Bundles, slug: str) -> Iterator[str]:
    """Serve the bundle with a platform's environment; return its URL once it responds."""
    _, folder, environment = bundles[slug]
    port, log = free_port(), folder.with_suffix(".log")
    process = environment.serve(folder, port, environ(stack, slug), log)
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for(url, process.poll, log)
        yield url
    finally:
        process.terminate()
        process.wait()


@contextmanager
def started(stack: RunningStack, bundles: Bundles, slug: str) -> Iterator[str]:
    """Do so by the platforms' command, in a process of its own from the beginning."""
    _, folder, environment = bundles[slug]
    port, log = free_port(), folder.with_suffix(".log")
    with log.open("wb") as out:
        process = subprocess.Popen(
            [str(environment.python), "-m", "functions_framework", *COMMAND, str(port)],
            cwd=folder,
            env=environ(stack, slug),
            stdout=out,
            stderr=out,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for(url, lambda: process.poll() is not None, log)
        yield url
    finally:
        process.terminate()
        process.wait(PATIENCE)


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(url: str, has_ended: Callable[[], bool], log: Path) -> None:
    ends_at = time.monotonic() + PATIENCE
    while True:
        try:
            if httpx.get(f"{url}/_internal/health", timeout=PATIENCE).status_code == 200:
                return
        except httpx.TransportError:
            pass
        assert not has_ended(), log.read_text()
        assert time.monotonic() < ends_at, log.read_text()
        time.sleep(0.05)


@dataclass(frozen=True)
class Client:
    """Client of a function at `url`, with an API key and a token."""

    url: str
    key: str
    token: str = ""

    def post(self, path: str = "", **options: Any) -> httpx.Response:
        headers = {"apikey": self.key, "authorization": f"Bearer {self.token or self.key}"}
        headers |= options.pop("headers", {})
        return httpx.post(f"{self.url}{path}", headers=headers, timeout=PATIENCE, **options)


@dataclass(frozen=True)
class World:
    """Rows that requests refer to."""

    stack: RunningStack
    organization: Organization
    user: User

    def add_video(self) -> str:
        answer = self.stack.call("process-transcript", new_call())
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]["video_id"]


def new_call() -> dict[str, str]:
    text = (ROOT / "samples/discovery_call.txt").read_text()
    return {"collection_id": "bundles", "video_id": str(uuid4()), "transcript": text}


Send = Callable[[World, Client], httpx.Response]


def send_transcript(world: World, client: Client) -> httpx.Response:
    return client.post(json=new_call())


def send_structured_data(world: World, client: Client) -> httpx.Response:
    return client.post(json={"video_id": world.add_video()})


def send_voice_prompt(world: World, client: Client) -> httpx.Response:
    video_id = world.add_video()
    made = world.stack.call("structured-data", {"video_id": video_id})
    assert made.status_code == 200, made.text
    return client.post(json={"video_id": video_id})


def send_import(world: World, client: Client) -> httpx.Response:
    campaign_id = world.organization.add_campaign(status="draft")
    csv = "name,phone\nAda,+14155550101\nBob,nonsense\n"
    headers = {"content-type": "text/csv"}
    return client.post(f"?campaign_id={campaign_id}", content=csv, headers=headers)


def send_campaign(world: World, client: Client) -> httpx.Response:
    campaign_id = world.organization.add_campaign(status="draft")
    world.organization.add_contacts(campaign_id, ["+14155550111", "+14155550112"])
    return client.post(json={"action": "get_status", "campaign_id": campaign_id})


def send_webhook(world: World, client: Client) -> httpx.Response:
    body = json.dumps({"event": "call_started", "call": {"call_id": f"call_{uuid4().hex}"}})
    now = int(time.time() * 1000)
    digest = hmac.new(b"local", f"{body}{now}".encode(), hashlib.sha256).hexdigest()
    headers = {"x-retell-signature": f"v={now},d={digest}"}
    return httpx.post(client.url, content=body, headers=headers, timeout=PATIENCE)


def send_query(world: World, client: Client) -> httpx.Response:
    return client.post(json={"action": "query", "query": "select 1 as one"})


def send_talk_track_job(world: World, client: Client) -> httpx.Response:
    user = world.user
    body = {"projectId": user.project_id, "deckStructureId": user.deck_id}
    return Client(client.url, world.stack.anon_key, user.token).post(json=body)


def send_talk_track(world: World, client: Client) -> httpx.Response:
    job_id = world.user.insert_job(world.user.add_deck(DECK["slides"][:3]))
    return client.post(json={"jobId": job_id, "wait": True})


REQUESTS: dict[str, Send] = {
    "campaign-trigger": send_campaign,
    "generate-talk-track": send_talk_track,
    "get-schema-info": send_query,
    "import-contacts": send_import,
    "process-transcript": send_transcript,
    "retell-webhook": send_webhook,
    "structured-data": send_structured_data,
    "talk-track-jobs": send_talk_track_job,
    "voice-prompt": send_voice_prompt,
}


def send_empty_object(world: World, client: Client) -> httpx.Response:
    """Call a function that has no request above: it takes it, or names what is missing."""
    return client.post(json={})


@pytest.fixture
def world(stack: RunningStack) -> Iterator[World]:
    with psycopg.connect(stack.dsn, autocommit=True) as connection:
        organization = create_organization(connection, f"+1628557{next(NUMBERS)}")
        yield World(stack, organization, create_user(stack))


def constant(value: Any) -> Any:
    """Return the response without values that change with each request."""
    if isinstance(value, dict):
        return {key: constant(item) for key, item in value.items() if not CHANGING.search(key)}
    return [constant(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("slug", SLUGS)
def test_a_bundle_alone_responds_as_the_function_on_the_stack(
    world: World, bundles: Bundles, slug: str
) -> None:
    assert_loads_nothing_else(bundles, slug)
    stack = world.stack
    send = REQUESTS.get(slug, send_empty_object)
    here = send(world, Client(f"{stack.url}/functions/v1/{slug}", stack.service_role_key))
    with deployed(stack, bundles, slug) as url:
        alone = send(world, Client(url, stack.service_role_key))

    assert here.is_success or (slug not in REQUESTS and here.is_client_error), here.text
    assert alone.status_code == here.status_code, alone.text
    assert constant(alone.json()) == constant(here.json())


def assert_loads_nothing_else(bundles: Bundles, slug: str) -> None:
    """Import the function in its environment: no module is the checkout's, all are the bundle's."""
    bundle, folder, environment = bundles[slug]
    loaded = {file for file in environment.list_modules(folder).values() if file}

    assert not [file for file in loaded if str(ROOT) in file]
    ours = {file for file in loaded if file.startswith(str(folder))}
    assert ours <= {str(folder / name) for name in bundle.files}
    assert str(folder / "main.py") in ours


def test_a_request_without_a_token_is_refused_as_on_the_stack(
    stack: RunningStack, bundles: Bundles
) -> None:
    slug = "structured-data"
    with started(stack, bundles, slug) as url:
        for address in (url, f"{stack.url}/functions/v1/{slug}"):
            bare = httpx.post(address, json={}, timeout=PATIENCE)
            assert (bare.status_code, bare.json()["code"]) == (401, "UNAUTHORIZED_NO_AUTH_HEADER")
            forged = {"authorization": "Bearer a.b.c"}
            refused = httpx.post(address, json={}, headers=forged, timeout=PATIENCE)
            assert refused.json()["code"] == "UNAUTHORIZED_INVALID_JWT_FORMAT"
            assert refused.headers["access-control-allow-origin"] == "*"
            preflight = httpx.options(address, timeout=PATIENCE)
            assert preflight.status_code in {200, 204}
        log = bundles[slug][1].with_suffix(".log").read_text()
    lines = [json.loads(line) for line in log.splitlines() if '"httpRequest"' in line]
    assert {line["severity"] for line in lines if line["httpRequest"]["status"] == 401} == {
        "WARNING"
    }
