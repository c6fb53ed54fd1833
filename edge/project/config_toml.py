"""What supabase/config.toml says, as far as this stack uses it; see config_keys for the rest."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, get_args

from edge.errors import EdgeError
from edge.project.config_auth import read_auth_variables
from edge.project.config_document import ConfigDocument, read_config_environment
from edge.project.config_keys import describe_keys

Policy = Literal["per_worker", "oneshot"]

STATE_FOLDER: Final = ".edge"
"""Below the project: what outlives a run."""
DEFAULT_PORT: Final = 54321
DEFAULT_DB_PORT: Final = 54322
DEFAULT_INSPECTOR_PORT: Final = 8083
_DEFAULT_FILE_SIZE: Final = 50 << 20
_LEAST_SECRET: Final = 16
_MOST_NAMED: Final = 8


@dataclass(frozen=True, slots=True)
class DatabaseConfig:
    """[db]: what is applied to a new database. `seed_paths` are patterns below supabase/."""

    migrations: bool = True
    seed_paths: tuple[str, ...] = ("./seed.sql",)
    vault: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class BucketConfig:
    """[storage.buckets.NAME]; the limit is in bytes. An empty bucket gets `objects`'s files."""

    public: bool = False
    file_size_limit: int | None = None
    allowed_mime_types: tuple[str, ...] = ()
    objects: Path | None = None


@dataclass(frozen=True, slots=True)
class StorageConfig:
    """[storage]; the limit is in bytes."""

    file_size_limit: int = _DEFAULT_FILE_SIZE
    buckets: Mapping[str, BucketConfig] = field(default_factory=dict[str, BucketConfig])


@dataclass(frozen=True, slots=True)
class FunctionConfig:
    """[functions.NAME]; None where the file says nothing. `env` are its own variables."""

    enabled: bool | None = None
    verify_jwt: bool | None = None
    entrypoint: Path | None = None
    env: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class ProjectConfig:
    """The settings of a project, with the Supabase CLI's defaults.

    `notes` are sentences for the operator: what is not used here, what refers to a variable that is
    not set. `auth` are GoTrue's variables.
    """

    project_id: str = ""
    port: int = DEFAULT_PORT
    db_port: int = DEFAULT_DB_PORT
    schemas: tuple[str, ...] = ("public",)
    extra_search_path: tuple[str, ...] = ("public", "extensions")
    max_rows: int | None = 1000
    exposes_new_tables: bool = True
    database: DatabaseConfig = field(default_factory=DatabaseConfig)
    storage: StorageConfig = field(default_factory=StorageConfig)
    auth: Mapping[str, str] = field(default_factory=dict[str, str])
    jwt_secret: str = ""
    api_keys: Mapping[str, str] = field(default_factory=dict[str, str])
    edge_runtime: bool = True
    policy: Policy = "per_worker"
    inspector_port: int = DEFAULT_INSPECTOR_PORT
    secrets: Mapping[str, str] = field(default_factory=dict[str, str])
    functions: Mapping[str, FunctionConfig] = field(default_factory=dict[str, FunctionConfig])
    notes: tuple[str, ...] = ()


def read_config(path: Path, environ: Mapping[str, str]) -> ProjectConfig:
    """Read the file at supabase/config.toml of a project; the defaults when there is no file.

    Raises EdgeError for a file that is not TOML, or a value of the wrong kind.
    """
    supabase = path.parent
    document = read_document(path, environ)
    read_policy = document.choice("edge_runtime.policy", get_args(Policy), "per_worker")
    policy: Policy = "oneshot" if read_policy == "oneshot" else "per_worker"
    seeds = document.names("db.seed.sql_paths", ("./seed.sql",))
    config = ProjectConfig(
        project_id=document.text("project_id"),
        port=document.port("api.port", DEFAULT_PORT),
        db_port=document.port("db.port", DEFAULT_DB_PORT),
        schemas=document.names("api.schemas", ("public",)) or ("public",),
        extra_search_path=document.names("api.extra_search_path", ("public", "extensions")),
        max_rows=document.count("api.max_rows", 1000),
        exposes_new_tables=document.flag("api.auto_expose_new_tables", default=True),
        database=DatabaseConfig(
            migrations=document.flag("db.migrations.enabled", default=True),
            seed_paths=seeds if document.flag("db.seed.enabled", default=True) else (),
            vault=document.entries("db.vault"),
        ),
        storage=_read_storage(document),
        auth=read_auth_variables(document, supabase),
        jwt_secret=_read_secret(document),
        api_keys={
            name: key
            for name in ("anon_key", "service_role_key", "publishable_key", "secret_key")
            if (key := document.text(f"auth.{name}"))
        },
        edge_runtime=document.flag("edge_runtime.enabled", default=True),
        policy=policy,
        inspector_port=document.port("edge_runtime.inspector_port", DEFAULT_INSPECTOR_PORT),
        secrets=_read_secrets(document),
        functions={name: _read_function(document, name) for name in _function_names(document)},
    )
    return _with_notes(config, document)


def read_document(path: Path, environ: Mapping[str, str]) -> ConfigDocument:
    """Read the file with the variables that it may name. Raises EdgeError if it is not TOML."""
    variables = read_config_environment(path.parent.parent, environ) if path.exists() else environ
    return ConfigDocument.read(path, variables)


def _with_notes(config: ProjectConfig, document: ConfigDocument) -> ProjectConfig:
    from dataclasses import replace

    return replace(config, notes=tuple(_describe(document)))


def _describe(document: ConfigDocument) -> list[str]:
    place = f"{document.path.parent.name}/{document.path.name}"
    notes = [f"{place}: {sentence}" for sentence in document.missing]
    if not document.flag("edge_runtime.enabled", default=True):
        notes.append(f"{place}: edge_runtime.enabled is false, so no functions are served")
    if document.unset:
        names = sorted(set(document.unset.values()))
        notes.append(f"{place} names variables that are not set: {_shorten(names)}")
    loud = [key.name for key in describe_keys(document) if key.is_worth_a_line]
    if loud:
        notes.append(f"{place}: not used here: {_shorten(loud)}; see edge config")
    return notes


def _shorten(names: list[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more


def _read_secret(document: ConfigDocument) -> str:
    secret = document.text("auth.jwt_secret")
    if secret and len(secret) < _LEAST_SECRET:
        raise document.wrong("auth.jwt_secret", f"at least {_LEAST_SECRET} characters long")
    return secret


def _read_secrets(document: ConfigDocument) -> dict[str, str]:
    """[edge_runtime.secrets]: a name is also given in upper case, which is how the CLI has it."""
    written = document.entries("edge_runtime.secrets")
    return {name.upper(): value for name, value in written.items()} | written


def _read_storage(document: ConfigDocument) -> StorageConfig:
    limit = document.size("storage.file_size_limit", _DEFAULT_FILE_SIZE)
    buckets: dict[str, BucketConfig] = {}
    for name in document.names_below("storage.buckets"):
        table = f"storage.buckets.{name}"
        objects = document.text(f"{table}.objects_path")
        buckets[name] = BucketConfig(
            public=document.flag(f"{table}.public", default=False),
            file_size_limit=document.size(f"{table}.file_size_limit", 0) or None,
            allowed_mime_types=document.names(f"{table}.allowed_mime_types", ()),
            objects=(document.path.parent / objects).resolve() if objects else None,
        )
    return StorageConfig(limit, buckets)


def _function_names(document: ConfigDocument) -> list[str]:
    if (value := document.raw("functions")) is not None:
        raise EdgeError(
            f"{document.path}: functions is {value!r}.",
            cure="Write a table for each function: [functions.hello]",
        )
    return document.names_below("functions")


def _read_function(document: ConfigDocument, name: str) -> FunctionConfig:
    table = f"functions.{name}"

    def flag(key: str) -> bool | None:
        found: Any = document.raw(f"{table}.{key}")
        return None if found is None else document.flag(f"{table}.{key}", default=True)

    entrypoint = document.text(f"{table}.entrypoint")
    return FunctionConfig(
        enabled=flag("enabled"),
        verify_jwt=flag("verify_jwt"),
        entrypoint=(document.path.parent / entrypoint).resolve() if entrypoint else None,
        env=document.entries(f"{table}.env"),
    )
