"""The stack's configuration, resolved once: defaults < config.toml < environment < command line."""

import json
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
    ProjectConfig,
    read_config,
)
from edge.project.env_file import read_secrets
from edge.project.environment import (
    DEFAULT_CALL_SPEED,
    environ_or_default,
    inherited_environment,
    known_secrets,
    parse_call_speed,
    parse_trusted_proxies,
    project_variables,
)
from edge.project.extensions import Extensions, read_extensions
from edge.project.hosted import LOOPBACK, HostedProject, find_hosted_project
from edge.project.layout import find_functions
from edge.project.providers import PROVIDERS
from edge.signing import LOCAL_SIGNING_KEY, Jwk, SigningKeys, parse_signing_keys
from edge.tokens import Keys, mint_api_key

# The Supabase CLI's well-known local values (supabase/cli, pkg/config/apikeys.go): an existing
# project's .env works unchanged.
DEFAULT_JWT_SECRET: Final = "super-secret-jwt-token-with-at-least-32-characters-long"  # noqa: S105
PUBLISHABLE_KEY: Final = "sb_publishable_ACJWlzQHlZjBrEguHvfOxg_3BJgxAaH"
SECRET_KEY: Final = "sb_secret_N7UND0UgjKTVK-Uodkm0Hg_xSvEMPvz"  # noqa: S105
LOCAL_HOST: Final = "127.0.0.1"

Limits = Literal["off", "local", "hosted"]
Migrations = Literal["apply", "skip", "keep-going"]
"""Apply them, leave them, or apply every statement that can be."""


@dataclass(frozen=True, slots=True)
class Settings:
    """One project served on one machine.

    `secrets` merges config.toml, the env file and the shell, the latter winning; `env_file`
    replaces functions/.env and every functions/<name>/.env. `ignored` are reserved names found in
    the env file. With `hosted`, or without `database`, no Postgres is started. `config` is what
    config.toml says beyond that; `functions_dir` holds the functions. `upstream` is the server of
    functions that are not ours, the TypeScript ones. `console_token` is made by each start.
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
    hosted: HostedProject | None = None
    database: bool = True
    migrations: Migrations = "apply"
    upstream: str | None = None
    policy: Policy = "per_worker"
    limits: Limits = "local"
    verify_jwt: bool = True
    only: tuple[str, ...] = ()
    inspect: str | None = None
    inspect_port: int = DEFAULT_INSPECTOR_PORT
    reload: bool = True
    isolate_users: bool = False
    call_speed: float = DEFAULT_CALL_SPEED
    trusted_proxies: str = ""
    forks: bool = True
    emulates_providers: bool = True
    console_token: str = ""
    extensions: Extensions = field(default_factory=Extensions)
    config: ProjectConfig = field(default_factory=ProjectConfig)

    @property
    def functions_dir(self) -> Path:
        """The folder of the project's functions."""
        return find_functions(self.root)

    @property
    def api_url(self) -> str:
        """The gateway's URL on this machine."""
        host = LOCAL_HOST if self.host in LOOPBACK else self.host
        return f"http://{host}:{self.port}"

    @property
    def hosted_url(self) -> str | None:
        """The URL of the hosted project, None for a local one."""
        return self.hosted.url if self.hosted else None

    @property
    def console_url(self) -> str | None:
        """The link that opens the console; None where there is none."""
        if not self.console_token or not self.has_database:
            return None
        return f"{self.api_url}/console/?token={self.console_token}"

    @property
    def webhook_url(self) -> str | None:
        """The URL that emulated phone calls send webhooks to; None if edge.toml names none."""
        path = self.extensions.retell_webhook_path
        return path and self.api_url + path

    @property
    def has_database(self) -> bool:
        """Whether the stack runs a local Postgres."""
        return self.database and self.hosted is None

    @property
    def secret_files(self) -> tuple[Path, ...]:
        """The files that secrets are read from, besides those in the functions' folder."""
        config = (self.root / "supabase/config.toml",) if self.config_secrets else ()
        return (*config, *((self.env_file,) if self.env_file else ()))

    @property
    def db_url(self) -> str:
        return f"postgresql://postgres:postgres@127.0.0.1:{self.db_port}/postgres"

    @property
    def anon_key(self) -> str:
        given = self.hosted.variables.get("SUPABASE_ANON_KEY") if self.hosted else None
        given = given or (None if self.hosted else self.config.api_keys.get("anon_key"))
        return given or self._mint_api_key("anon")

    @property
    def service_role_key(self) -> str:
        given = self.hosted.variables.get("SUPABASE_SERVICE_ROLE_KEY") if self.hosted else None
        given = given or (None if self.hosted else self.config.api_keys.get("service_role_key"))
        return given or self._mint_api_key("service_role")

    @property
    def publishable_key(self) -> str:
        if self.hosted is None:
            return self.config.api_keys.get("publishable_key", PUBLISHABLE_KEY)
        return self.hosted.key("SUPABASE_PUBLISHABLE_KEYS", "SUPABASE_ANON_KEY") or PUBLISHABLE_KEY

    @property
    def secret_key(self) -> str:
        if self.hosted is None:
            return self.config.api_keys.get("secret_key", SECRET_KEY)
        return self.hosted.key("SUPABASE_SECRET_KEYS", "SUPABASE_SERVICE_ROLE_KEY") or ""

    @property
    def signing_keys(self) -> SigningKeys:
        """The keys that the local auth service signs with."""
        return SigningKeys(self.jwt_secret, self._own_signing_keys or (LOCAL_SIGNING_KEY,))

    @property
    def keys(self) -> Keys:
        """The keys that the gateway verifies tokens with."""
        return Keys.load(self.jwt_secret, self.jwks)

    @property
    def jwks(self) -> str:
        """The JWKS document that functions verify tokens with."""
        if self.hosted:
            return self.hosted.variables.get("SUPABASE_JWKS", "")
        document = self.signing_keys.public_document(with_secret=not self._own_signing_keys)
        return json.dumps(document)

    def platform_variables(self) -> dict[str, str]:
        """The project's URL and keys as the SUPABASE_* variables of functions."""
        if self.hosted:
            return dict(self.hosted.variables)
        return {
            "SUPABASE_URL": self.api_url,
            "SUPABASE_ANON_KEY": self.anon_key,
            "SUPABASE_SERVICE_ROLE_KEY": self.service_role_key,
            **({"SUPABASE_DB_URL": self.db_url} if self.has_database else {}),
            "SUPABASE_PUBLISHABLE_KEYS": json.dumps({"default": self.publishable_key}),
            "SUPABASE_SECRET_KEYS": json.dumps({"default": self.secret_key}),
            "SUPABASE_JWKS": self.jwks,
        }

    def key_tokens(self) -> dict[str, str]:
        """The token that the gateway puts in place of each `sb_…` key."""
        pairs = (
            (self.publishable_key, self.anon_key),
            (self.secret_key, self.service_role_key),
        )
        return {key: token for key, token in pairs if key.startswith("sb_")}

    def describe(self) -> dict[str, str]:
        """The variables that `edge status` prints, by the Supabase CLI's names."""
        mails = f"{self.api_url}/mail"
        database = {"DB_URL": self.db_url, "MAILPIT_URL": mails} if self.has_database else {}
        hosted = {"REMOTE_URL": self.hosted.url} if self.hosted else {}
        emulated = ",".join(p.name for p in PROVIDERS if not p.is_real(self.secrets))
        return {
            "API_URL": self.api_url,
            **({"CONSOLE_URL": self.console_url} if self.console_url else {}),
            **database,
            **hosted,
            **({"EMULATED_PROVIDERS": emulated} if emulated else {}),
            "ANON_KEY": self.anon_key,
            "SERVICE_ROLE_KEY": self.service_role_key,
            "PUBLISHABLE_KEY": self.publishable_key,
            "SECRET_KEY": self.secret_key,
            "JWT_SECRET": self.jwt_secret,
        }

    @property
    def _own_signing_keys(self) -> tuple[Jwk, ...]:
        text = self.config.auth.get("GOTRUE_JWT_KEYS")
        return parse_signing_keys(text, "auth.signing_keys_path") if text else ()

    def _mint_api_key(self, role: str) -> str:
        """Return the key of a role: with signing keys of the project's own, signed by them."""
        if not self._own_signing_keys:
            return mint_api_key(self.jwt_secret, role)
        return self.signing_keys.sign({"iss": "supabase-demo", "role": role, "exp": 1983812996})

    def with_current_secrets(self) -> "Settings":
        """Read the env file again. Raises EdgeError if a chosen env file is missing."""
        path = self.env_file or self.functions_dir / ".env"
        if self.env_file and not path.is_file():
            raise EdgeError(f"There is no env file {path}.", cure="Create it, or name another.")
        written, ignored = read_secrets(path)
        secrets = {**self.config_secrets, **written, **self.shell_secrets}
        return replace(
            self, secrets=secrets, ignored=() if self.hosted and self.env_file else ignored
        )


def local_jwks(secret: str) -> str:
    """The JWKS document of a local project with the well-known signing key."""
    return json.dumps(SigningKeys(secret, (LOCAL_SIGNING_KEY,)).public_document(with_secret=True))


def load_settings(  # noqa: PLR0913 - each is a command line option
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

    Only known secrets and `secret_names` are taken from the environment.
    """
    environ = environ_or_default(environ)
    root = root.resolve()
    config = read_config(root / "supabase" / "config.toml", environ)
    extensions = read_extensions(root)
    port = config.port if port is None else port
    local_secret = config.jwt_secret or DEFAULT_JWT_SECRET
    hosted = find_hosted_project(
        project_variables(environ, env_file), port=port, local_secret=local_secret
    )
    return Settings(
        root=root,
        state_dir=(state_dir or root / STATE_FOLDER).resolve(),
        port=port,
        db_port=config.db_port if db_port is None else db_port,
        jwt_secret=hosted.jwt_secret if hosted else local_secret,
        schemas=config.schemas,
        max_rows=config.max_rows,
        inherited=inherited_environment(environ),
        env_file=env_file and env_file.resolve(),
        config_secrets=config.secrets,
        shell_secrets=known_secrets(environ, (*secret_names, *extensions.shell_variables)),
        hosted=hosted,
        policy=config.policy,
        inspect_port=config.inspector_port,
        call_speed=parse_call_speed(environ),
        trusted_proxies=parse_trusted_proxies(environ),
        extensions=extensions,
        config=config,
    ).with_current_secrets()
