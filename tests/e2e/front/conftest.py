"""`edge serve --production --front` before the whole stack, which plays the hosted project."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.conftest import ROOT, RunningStack
from tests.support.production_process import production


@pytest.fixture(scope="session")
def _front(_stack: RunningStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    log: Path = tmp_path_factory.mktemp("front") / "log"
    environment = {
        "SUPABASE_URL": _stack.url,
        "SUPABASE_ANON_KEY": _stack.anon_key,
        "SUPABASE_SERVICE_ROLE_KEY": _stack.service_role_key,
        "SUPABASE_PUBLISHABLE_KEY": _stack.publishable_key,
        "SUPABASE_SECRET_KEY": _stack.secret_key,
        "SUPABASE_JWT_SECRET": _stack.jwt_secret,
        "OPENAI_API_KEY": "none",
        "OPENAI_BASE_URL": f"{_stack.url}/providers/openai/v1",
    }
    with production(ROOT, log, environment, "--front", "--processes", "1") as instance:
        yield instance.wait_until_ready()


@pytest.fixture
def stack(stack: RunningStack, _front: str) -> RunningStack:
    """The stack, whose clients know the instance's URL only."""
    return replace(stack, settings=replace(stack.settings, port=urlsplit(_front).port or 0))
