"""What a shell's environment says to a stack, and what of it goes on to functions."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from edge.errors import EdgeError
from edge.project.env_file import RESERVED_PREFIX, EnvFile
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


def given_or_own(environ: Mapping[str, str] | None) -> Mapping[str, str]:
    """`environ`, else this process's own."""
    return os.environ if environ is None else environ


def inherited_environment(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """What of the operator's environment every function gets: no secret, no setting of ours."""
    environ = given_or_own(environ)
    passed_on = {name: environ[name] for name in _PASSED_ON if name in environ}
    return {**passed_on, "NO_PROXY": "127.0.0.1,localhost"}


def project_variables(
    environ: Mapping[str, str] | None = None, env_file: Path | None = None
) -> dict[str, str]:
    """The SUPABASE_* variables that the operator gave on purpose: by the shell or by --env-file."""
    given = dict(given_or_own(environ)) | (EnvFile(env_file).read() if env_file else {})
    return {name: value for name, value in given.items() if name.startswith(RESERVED_PREFIX)}


def known_secrets(environ: Mapping[str, str], also: tuple[str, ...] = ()) -> dict[str, str]:
    """The secrets that a shell is believed for: those we know by name, and `also`."""
    return {name: environ[name] for name in (*_FROM_SHELL, *also) if environ.get(name)}


def parse_call_speed(environ: Mapping[str, str]) -> float:
    """How many times faster than real ones emulated phone calls go by."""
    text = environ.get("EDGE_CALL_SPEED")
    try:
        speed = float(text or DEFAULT_CALL_SPEED)
    except ValueError:
        speed = 0.0
    if not 0 < speed <= 1000:
        raise EdgeError(
            f"EDGE_CALL_SPEED is {text!r}.", cure="Give a number above 0, of at most 1000."
        )
    return speed
