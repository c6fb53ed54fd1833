"""Functions and settings to plan with."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from edge.deploy.bundle.build import Bundle
from edge.deploy.settings import Settings, load_settings
from edge.deploy.workload import Workload

DEPLOY_TOML = """\
project = "shop"
optional_secrets = ["RETELL_WEBHOOK_SECRET"]

[variables]
SUPABASE_URL = "https://shop.supabase.co"
OPENAI_MODEL = "small"

[cloud-run]
project = "shop-cloud"
region = "europe-west1"

[cloud-run.functions.busy]
min_instances = 2

[knative]
registry = "registry.example.com/shop"
namespace = "functions"

[env.staging.variables]
SUPABASE_URL = "https://staging.supabase.co"

[env.production.cloud-run]
project = "shop-production"
"""


def settings(folder: Path, env: str | None = "staging", text: str = DEPLOY_TOML) -> Settings:
    (folder / "deploy.toml").write_text(text)
    return load_settings(folder, env)


def workload(slug: str = "hello", content: bytes = b"one", **changes: Any) -> Workload:
    files = {"main.py": content, "requirements.txt": b"starlette==1.10.0\n"}
    bundle = Bundle(slug=slug, digest=content.hex().ljust(64, "0"), files=files, manifest={})
    made = Workload(
        bundle=bundle,
        memory=256,
        timeout=150,
        wall_clock=400,
        concurrency=20,
        max_instances=4,
        secrets=("OPENAI_API_KEY", "OPENAI_MODEL"),
    )
    return replace(made, **changes)
