"""Functions in processes of their own, with keys but without a project to talk to."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator

import pytest

from tests.support.served_function import (
    JWT_SECRET,
    PUBLISHABLE_KEY,
    ROOT,
    SECRET_KEY,
    Served,
    serve,
)

_JWKS = {
    "keys": [
        {
            "kty": "oct",
            "alg": "HS256",
            "k": urlsafe_b64encode(JWT_SECRET.encode()).rstrip(b"=").decode(),
        }
    ]
}
_ENVIRONMENT = {
    "SUPABASE_URL": "http://127.0.0.1:9",  # the discard port: nobody listens
    "SUPABASE_SECRET_KEYS": json.dumps({"default": SECRET_KEY}),
    "SUPABASE_PUBLISHABLE_KEYS": json.dumps({"default": PUBLISHABLE_KEY}),
    "SUPABASE_JWKS": json.dumps(_JWKS),
    "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
    "ANTHROPIC_BASE_URL": "http://127.0.0.1:9",
}


@pytest.fixture(scope="session")
def every_outcome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = ROOT / "tests/integration/functions/cases/every_outcome"
    log = tmp_path_factory.mktemp("served") / "every-outcome.log"
    with serve(folder, log, {**_ENVIRONMENT, "SUPABASE_FUNCTION_SLUG": "every-outcome"}) as served:
        yield served


@pytest.fixture(scope="session", params=["process_transcript", "structured_data", "voice_prompt"])
def sales_function(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    slug = request.param.replace("_", "-")
    log = tmp_path_factory.mktemp("served") / f"{slug}.log"
    folder = ROOT / "functions" / request.param
    with serve(folder, log, {**_ENVIRONMENT, "SUPABASE_FUNCTION_SLUG": slug}) as served:
        yield served
