"""The stack's configuration, resolved once: defaults < config.toml < environment < command line."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Literal

from edge.errors import EdgeError
from edge.project.config_toml import (
    DEFAULT_DB_PORT,
    DEFAULT_INSPECTOR_PORT,
    DEFAULT_PORT,
    STATE_FOLDER,
    Policy,
    read_config,
)
from edge.project.env_file import RESERVED_PREFIX, EnvFile
from edge.project.environment import (
    DEFAULT_CALL_SPEED,
    given_or_own,
    inherited_environment,
    known_secrets,
    parse_call_speed,
    project_variables,
)
from edge.project.extensions import Extensions, read_extensions
from edge.project.hosted import LOOPBACK, Remote, find_remote
from edge.project.providers import PROVIDERS
from edge.tokens import Keys, mint_api_key

# The Supabase CLI's well-known local values (supabase/cli, pkg/config/apikeys.go): an existing
# project's .env works unchanged.
DEFAULT_JWT_SECRET: Final = "super-secret-jwt-token-with-at-least-32-characters-long"  # noqa: S105
PUBLISHABLE_KEY: Final = "sb_publishable_ACJWlzQHlZjBrEguHvfOxg_3BJgxAaH"
SECRET_KEY: Final = "sb_secret_N7UND0UgjKTVK-Uodkm0Hg_xSvEMPvz"  # noqa: S105
LOCAL_HOST: Final = "127.0.0.1"

Limits = Literal["off", "local", "hosted"]


@dataclass(frozen=True, slots=True)
class Settings:
    """One project served on one machine.

    `secrets` is what the env file says between what config.toml and the shell say; `env_file`
    stands for functions/.env and every functions/<name>/.env. With `remote`, or without
    `database`, no Postgres is started. Without `stand_ins` no provider is played.
    """

    root: Path
    state_dir: Path
    port: int = DEFAULT_PORT
    db_port: int = DEFAULT_DB_PORT
    host: str = LOCAL_HOST
    jwt_secret: str = DEFAULT_JWT_SECRET
    schemas: tuple[str, ...] = ("public",)
    max_rows: int | None = 1000
    secrets: Mapping[str, str] = field(default_factory=dict[str, str])
    inherited: Mapping[str, str] = field(default_factory=dict[str, str])
    ignored: tuple[str, ...] = ()
    env_file: Path | None = None
    config_secrets: Mapping[str, str] = field(default_factory=dict[str, str])
    shell_secrets: Mapping[str, str] = field(default_factory=dict[str, str])
    remote: Remote | None = None
    database: bool = True
    policy: Policy = "per_worker"
    limits: Limits = "local"
    verify_jwt: bool = True
    only: tuple[str, ...] = ()
    inspect: str | None = None
    inspect_port: int = DEFAULT_INSPECTOR_PORT
    reload: bool = True
    isolate_users: bool = False
    call_speed: float = DEFAULT_CALL_SPEED
    forks: bool = True
    stand_ins: bool = True
    extensions: Extensions = field(default_factory=Extensions)

    @property
    def api_url(self) -> str:
        """Where this machine reaches the gateway."""
        host = LOCAL_HOST if self.host in LOOPBACK else self.host
        return f"http://{host}:{self.port}"

    @property
    def remote_url(self) -> str | None:
        """The project that the functions work on when it is not the local one."""
        return self.remote.url if self.remote else None

    @property
    def webhook_url(self) -> str | None:
        """The URL that emulated phone calls send webhooks to; None if edge.toml names none."""
        path = self.extensions.retell_webhook_path
        return path and self.api_url + path

    @property
    def has_database(self) -> bool:
        """Whether a local Postgres belongs to the stack."""
        return self.database and self.remote is None

    @property
    def db_url(self) -> str:
        return f"postgresql://postgres:postgres@127.0.0.1:{self.db_port}/postgres"

    @property
    def anon_key(self) -> str:
        given = self.remote.variables.get("SUPABASE_ANON_KEY") if self.remote else None
        return given or mint_api_key(self.jwt_secret, "anon")

    @property
    def service_role_key(self) -> str:
        given = self.remote.variables.get("SUPABASE_SERVICE_ROLE_KEY") if self.remote else None
        return given or mint_api_key(self.jwt_secret, "service_role")

    @property
    def publishable_key(self) -> str:
        if self.remote is None:
            return PUBLISHABLE_KEY
        return self.remote.key("SUPABASE_PUBLISHABLE_KEYS", "SUPABASE_ANON_KEY") or PUBLISHABLE_KEY

    @property
    def secret_key(self) -> str:
        if self.remote is None:
            return SECRET_KEY
        return self.remote.key("SUPABASE_SECRET_KEYS", "SUPABASE_SERVICE_ROLE_KEY") or ""

    @property
    def keys(self) -> Keys:
        """What the gateway verifies tokens with."""
        return Keys.load(self.jwt_secret, self.jwks)

    @property
    def jwks(self) -> str:
        """The key set that functions verify tokens with."""
        if self.remote:
            return self.remote.variables.get("SUPABASE_JWKS", "")
        return symmetric_jwks(self.jwt_secret)

    def function_environment(
        self, slug: str, folder: Path, wanted: tuple[str, ...]
    ) -> dict[str, str]:
        """A worker's whole environment: the platform's variables and the secrets it wants."""
        secrets = {**self.secrets, **self._own_secrets(folder)}
        for provider in PROVIDERS:
            if self.stand_ins:
                secrets = secrets | provider.stand_in(secrets, self.api_url)
            if provider.key in wanted:  # a key must never go to another server than its own
                wanted = (*wanted, provider.base_url)
            if self.stand_ins:
                secrets.setdefault(provider.key, "local")
        return {
            **self.inherited,
            **{name: secrets[name] for name in wanted if name in secrets},
            **self.platform_variables(),
            "SUPABASE_FUNCTION_SLUG": slug,
            **({"SB_REGION": "local"} if self.stand_ins else {}),
        }

    def platform_variables(self) -> dict[str, str]:
        """Where the project is and its keys, by the names that functions know them by."""
        if self.remote:
            return dict(self.remote.variables)
        return {
            "SUPABASE_URL": self.api_url,
            "SUPABASE_ANON_KEY": self.anon_key,
            "SUPABASE_SERVICE_ROLE_KEY": self.service_role_key,
            **({"SUPABASE_DB_URL": self.db_url} if self.has_database else {}),
            "SUPABASE_PUBLISHABLE_KEYS": json.dumps({"default": PUBLISHABLE_KEY}),
            "SUPABASE_SECRET_KEYS": json.dumps({"default": SECRET_KEY}),
            "SUPABASE_JWKS": self.jwks,
        }

    def key_tokens(self) -> dict[str, str]:
        """What each `sb_…` key stands for at the gateway."""
        pairs = (
            (self.publishable_key, self.anon_key),
            (self.secret_key, self.service_role_key),
        )
        return {key: token for key, token in pairs if key.startswith("sb_")}

    def describe(self) -> dict[str, str]:
        """What `edge status` prints, by the Supabase CLI's names."""
        database = {"DB_URL": self.db_url} if self.has_database else {}
        remote = {"REMOTE_URL": self.remote.url} if self.remote else {}
        stand_ins = ",".join(p.name for p in PROVIDERS if not p.is_real(self.secrets))
        return {
            "API_URL": self.api_url,
            **database,
            **remote,
            **({"STAND_INS": stand_ins} if stand_ins else {}),
            "ANON_KEY": self.anon_key,
            "SERVICE_ROLE_KEY": self.service_role_key,
            "PUBLISHABLE_KEY": self.publishable_key,
            "SECRET_KEY": self.secret_key,
            "JWT_SECRET": self.jwt_secret,
        }

    def with_current_secrets(self) -> "Settings":
        """The same settings with what the env file says now."""
        path = self.env_file or self.root / "functions" / ".env"
        if self.env_file and not path.is_file():
            raise EdgeError(f"There is no env file {path}.", cure="Make it, or name another.")
        written, ignored = _read_secrets(path)
        secrets = {**self.config_secrets, **written, **self.shell_secrets}
        return replace(
            self, secrets=secrets, ignored=() if self.remote and self.env_file else ignored
        )

    def _own_secrets(self, folder: Path) -> dict[str, str]:
        return {} if self.env_file else _read_secrets(folder / ".env")[0]


def symmetric_jwks(secret: str) -> str:
    """The key set of a project whose tokens are signed with a secret."""
    encoded = urlsafe_b64encode(secret.encode()).rstrip(b"=").decode()
    return json.dumps({"keys": [{"kty": "oct", "alg": "HS256", "k": encoded}]})


def load_settings(  # noqa: PLR0913 - each is something that a command line may say
    root: Path,
    *,
    port: int | None = None,
    db_port: int | None = None,
    env_file: Path | None = None,
    state_dir: Path | None = None,
    environ: Mapping[str, str] | None = None,
    secret_names: tuple[str, ...] = (),
) -> Settings:
    """Read supabase/config.toml, the env file and the environment of the project at `root`.

    Of secrets the environment is believed for those we know, and for `secret_names`.
    """
    environ = given_or_own(environ)
    root = root.resolve()
    config = read_config(root / "supabase" / "config.toml", environ)
    extensions = read_extensions(root)
    port = config.port if port is None else port
    remote = find_remote(
        project_variables(environ, env_file), port=port, local_secret=DEFAULT_JWT_SECRET
    )
    return Settings(
        root=root,
        state_dir=(state_dir or root / STATE_FOLDER).resolve(),
        port=port,
        db_port=config.db_port if db_port is None else db_port,
        jwt_secret=remote.jwt_secret if remote else DEFAULT_JWT_SECRET,
        schemas=config.schemas,
        max_rows=config.max_rows,
        inherited=inherited_environment(environ),
        env_file=env_file and env_file.resolve(),
        config_secrets=config.secrets,
        shell_secrets=known_secrets(environ, (*secret_names, *extensions.shell_variables)),
        remote=remote,
        policy=config.policy,
        inspect_port=config.inspector_port,
        call_speed=parse_call_speed(environ),
        extensions=extensions,
    ).with_current_secrets()


def _read_secrets(path: Path) -> tuple[dict[str, str], tuple[str, ...]]:
    """The file's variables, and the names left out because the platform reserves them."""
    values = EnvFile(path).read()
    reserved = tuple(name for name in values if name.startswith(RESERVED_PREFIX))
    return {name: value for name, value in values.items() if name not in reserved}, reserved
