"""The stack's configuration, resolved once: defaults < config.toml < environment < command line."""

import json
import os
import tomllib
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from dotenv import dotenv_values

from edge.errors import EdgeError
from edge.tokens import Keys, mint_api_key

# The Supabase CLI's well-known local values (supabase/cli, pkg/config/apikeys.go): an existing
# project's .env works unchanged.
DEFAULT_JWT_SECRET: Final = "super-secret-jwt-token-with-at-least-32-characters-long"  # noqa: S105
PUBLISHABLE_KEY: Final = "sb_publishable_ACJWlzQHlZjBrEguHvfOxg_3BJgxAaH"
SECRET_KEY: Final = "sb_secret_N7UND0UgjKTVK-Uodkm0Hg_xSvEMPvz"  # noqa: S105
DEFAULT_PORT: Final = 54321
DEFAULT_DB_PORT: Final = 54322

_PASSED_ON: Final = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TZ",
    "TMPDIR",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "PYTHONDONTWRITEBYTECODE",
)


@dataclass(frozen=True, slots=True)
class Provider:
    """A model provider that the stack can stand in for, until a real key or URL is set."""

    name: str
    key: str
    base_url: str
    local_path: str


PROVIDERS: Final = (
    Provider("OpenAI", "OPENAI_API_KEY", "OPENAI_BASE_URL", "/providers/openai/v1"),
    Provider("Anthropic", "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "/providers/anthropic"),
)
_MODELS: Final = (
    "OPENAI_MODEL",
    "OPENAI_EMBEDDING_MODEL",
    "OPENAI_API_MODE",
    "OPENAI_TIMEOUT_SECONDS",
    "ANTHROPIC_MODEL",
    "ANTHROPIC_TIMEOUT_SECONDS",
    "ANALYSIS_TOKEN_BUDGET",
)
_FROM_SHELL: Final = (*(n for p in PROVIDERS for n in (p.key, p.base_url)), *_MODELS)


@dataclass(frozen=True, slots=True)
class Settings:
    """One project served on one machine."""

    root: Path
    state_dir: Path
    port: int = DEFAULT_PORT
    db_port: int = DEFAULT_DB_PORT
    jwt_secret: str = DEFAULT_JWT_SECRET
    schemas: tuple[str, ...] = ("public",)
    max_rows: int | None = 1000
    secrets: Mapping[str, str] = field(default_factory=dict[str, str])
    inherited: Mapping[str, str] = field(default_factory=dict[str, str])
    ignored: tuple[str, ...] = ()

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def db_url(self) -> str:
        return f"postgresql://postgres:postgres@127.0.0.1:{self.db_port}/postgres"

    @property
    def anon_key(self) -> str:
        return mint_api_key(self.jwt_secret, "anon")

    @property
    def service_role_key(self) -> str:
        return mint_api_key(self.jwt_secret, "service_role")

    @property
    def keys(self) -> Keys:
        return Keys(self.jwt_secret)

    @property
    def jwks(self) -> str:
        """The key set that functions verify tokens with."""
        secret = urlsafe_b64encode(self.jwt_secret.encode()).rstrip(b"=").decode()
        return json.dumps({"keys": [{"kty": "oct", "alg": "HS256", "k": secret}]})

    def is_real(self, provider: Provider) -> bool:
        """Whether the person has set a key or a URL for it."""
        return bool(self.secrets.get(provider.key) or self.secrets.get(provider.base_url))

    def function_environment(
        self, slug: str, folder: Path, wanted: tuple[str, ...]
    ) -> dict[str, str]:
        """A worker's whole environment: the platform's variables and the secrets it wants."""
        own, _ = _read_env_file(folder / ".env")
        secrets = {**self.secrets, **own}
        for provider in PROVIDERS:
            if not (secrets.get(provider.key) or secrets.get(provider.base_url)):
                secrets[provider.base_url] = self.api_url + provider.local_path
                wanted = (*wanted, provider.base_url) if provider.key in wanted else wanted
            secrets.setdefault(provider.key, "local")
        return {
            **self.inherited,
            **{name: secrets[name] for name in wanted if name in secrets},
            "SUPABASE_URL": self.api_url,
            "SUPABASE_ANON_KEY": self.anon_key,
            "SUPABASE_SERVICE_ROLE_KEY": self.service_role_key,
            "SUPABASE_DB_URL": self.db_url,
            "SUPABASE_PUBLISHABLE_KEYS": json.dumps({"default": PUBLISHABLE_KEY}),
            "SUPABASE_SECRET_KEYS": json.dumps({"default": SECRET_KEY}),
            "SUPABASE_JWKS": self.jwks,
            "SUPABASE_FUNCTION_SLUG": slug,
            "SB_REGION": "local",
        }

    def describe(self) -> dict[str, str]:
        """What `edge status` prints, by the Supabase CLI's names."""
        return {
            "API_URL": self.api_url,
            "DB_URL": self.db_url,
            "ANON_KEY": self.anon_key,
            "SERVICE_ROLE_KEY": self.service_role_key,
            "PUBLISHABLE_KEY": PUBLISHABLE_KEY,
            "SECRET_KEY": SECRET_KEY,
            "JWT_SECRET": self.jwt_secret,
        }


def load_settings(
    root: Path,
    *,
    port: int | None = None,
    db_port: int | None = None,
    state_dir: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """Read supabase/config.toml, functions/.env and the environment of the project at `root`."""
    environ = os.environ if environ is None else environ
    root = root.resolve()
    config = _read_config(root / "supabase" / "config.toml")
    api, db = config.get("api", {}), config.get("db", {})
    secrets, ignored = _read_env_file(root / "functions" / ".env")
    secrets |= {name: environ[name] for name in _FROM_SHELL if environ.get(name)}
    return Settings(
        root=root,
        state_dir=(state_dir or root / ".edge").resolve(),
        port=int(api.get("port", DEFAULT_PORT)) if port is None else port,
        db_port=int(db.get("port", DEFAULT_DB_PORT)) if db_port is None else db_port,
        schemas=tuple(api.get("schemas", ("public",))),
        max_rows=api.get("max_rows", 1000),
        secrets=secrets,
        inherited={
            **{name: environ[name] for name in _PASSED_ON if name in environ},
            "NO_PROXY": "127.0.0.1,localhost",
        },
        ignored=ignored,
    )


def _read_config(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        return tomllib.loads(path.read_text())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise EdgeError(f"{path} is not valid TOML: {exc}") from exc


def _read_env_file(path: Path) -> tuple[dict[str, str], tuple[str, ...]]:
    """The file's variables, and the names left out because the platform reserves them."""
    values = {name: value or "" for name, value in dotenv_values(path).items()}
    reserved = tuple(name for name in values if name.startswith("SUPABASE_"))
    return {name: value for name, value in values.items() if name not in reserved}, reserved
