"""The shell's environment: settings of the stack, and the variables that functions inherit."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from edge.errors import EdgeError
from edge.project.providers import PROVIDERS

DEFAULT_CALL_SPEED: Final = 10.0
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
    "EDGE_FUNCTIONS_URL",
)
_MODELS: Final = (
    "OPENAI_MODEL",
    "OPENAI_EMBEDDING_MODEL",
    "OPENAI_API_MODE",
    "OPENAI_TIMEOUT_SECONDS",
    "ANTHROPIC_MODEL",
    "ANTHROPIC_TIMEOUT_SECONDS",
)
_FROM_SHELL: Final = (
    *(n for p in PROVIDERS for n in (p.key, p.base_url)),
    *_MODELS,
    "RETELL_WEBHOOK_SECRET",
)


def environ_or_default(environ: Mapping[str, str] | None) -> Mapping[str, str]:
    """`environ`, or this process's environment if it is None."""
    return os.environ if environ is None else environ


def inherited_environment(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the operator's variables that functions inherit: no secrets, no EDGE_* settings."""
    environ = environ_or_default(environ)
    passed_on = {name: environ[name] for name in _PASSED_ON if name in environ}
    return {**passed_on, "NO_PROXY": "127.0.0.1,localhost"}


def project_variables(
    environ: Mapping[str, str] | None = None, env_file: Path | None = None
) -> dict[str, str]:
    """Merge the SUPABASE_* variables of the shell and of --env-file; the file wins."""
    given = dict(environ_or_default(environ)) | _read_file(env_file)
    return {name: value for name, value in given.items() if name.startswith("SUPABASE_")}


def telemetry_variables(env_file: Path | None = None) -> dict[str, str]:
    """Merge the OTEL_* variables of the shell and of --env-file; the file wins."""
    given = dict(environ_or_default(None)) | _read_file(env_file)
    return {name: value for name, value in given.items() if name.startswith("OTEL_")}


def _read_file(path: Path | None) -> dict[str, str]:
    if path is None:
        return {}
    from edge.project.env_file import EnvFile  # its parser is a library

    return EnvFile(path).read()


def known_secrets(environ: Mapping[str, str], also: tuple[str, ...] = ()) -> dict[str, str]:
    """Return the secrets that may come from the shell: well-known names, and those in `also`."""
    return {name: environ[name] for name in (*_FROM_SHELL, *also) if environ.get(name)}


def parse_call_speed(environ: Mapping[str, str]) -> float:
    """EDGE_CALL_SPEED: how many times faster than real time emulated phone calls run."""
    text = environ.get("EDGE_CALL_SPEED")
    try:
        speed = float(text or DEFAULT_CALL_SPEED)
    except ValueError:
        speed = 0.0
    if not 0 < speed <= 1000:
        raise EdgeError(f"EDGE_CALL_SPEED is {text!r}.", cure="Use a number above 0, at most 1000.")
    return speed


def parse_trusted_proxies(environ: Mapping[str, str]) -> str:
    """EDGE_TRUSTED_PROXIES: addresses or networks of proxies in front, or *; none by default."""
    text = environ.get("EDGE_TRUSTED_PROXIES", "").strip()
    if not text or text == "*":
        return text
    import ipaddress

    for part in text.split(","):
        try:
            ipaddress.ip_network(part.strip())
        except ValueError as exc:
            raise EdgeError(
                f"EDGE_TRUSTED_PROXIES: {exc}.", cure="Use addresses or networks, or *."
            ) from exc
    return text
