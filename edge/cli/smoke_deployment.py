"""Deployment and keys of `edge test`, and the output of its results."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from edge.cli import options
from edge.cli.console import print_json, print_table, remark
from edge.cli.running import require_running
from edge.errors import EdgeError
from edge.project.environment import project_variables
from edge.project.settings import load_settings
from edge.smoke.run import Deployment, Finding

_MARKS: Final = {"passed": "✓", "failed": "✗ failed", "skipped": "- skipped"}
_COLUMNS: Final = ("FUNCTION", "CHECK", "EXPECTED", "GOT", "MS", "")
_LOCAL_KEY: Final = "local"  # the stack's value for functions until a key is set


def local_deployment(workdir: Path) -> Deployment:
    """Return the project's running stack. Raises EdgeError if none runs."""
    details = require_running(workdir)
    secrets = load_settings(workdir).secrets
    key = secrets.get("RETELL_WEBHOOK_SECRET") or secrets.get("RETELL_API_KEY") or _LOCAL_KEY
    keys = _keys(details["ANON_KEY"], details["SERVICE_ROLE_KEY"])
    return Deployment(details["API_URL"], keys, key)


def default_env_file(workdir: Path, env: str) -> Path | None:
    """Return .env.<env> next to functions/, None if it does not exist."""
    path = workdir / f".env.{env}"
    return path if path.is_file() else None


def remote_deployment(workdir: Path, url: str | None, env_file: Path | None) -> Deployment:
    """Return the deployment at `url` or SUPABASE_URL, with keys from the shell or the file.

    Raises EdgeError if the URL or a key is missing.
    """
    variables = project_variables(env_file=env_file)
    url = (url or variables.get("SUPABASE_URL", "")).rstrip("/").removesuffix("/functions/v1")
    if urlsplit(url).scheme not in {"http", "https"}:
        raise EdgeError(
            "The URL of the deployment is missing." if not url else f"{url} is not a URL.",
            cure="Pass --url https://…, or set SUPABASE_URL.",
        )
    anon, service = variables.get("SUPABASE_ANON_KEY"), variables.get("SUPABASE_SERVICE_ROLE_KEY")
    if not anon or not service:
        raise EdgeError(
            f"There is no key for {url}.",
            cure="Set SUPABASE_ANON_KEY and SUPABASE_SERVICE_ROLE_KEY.",
        )
    settings = load_settings(workdir, env_file=env_file)
    secrets = settings.secrets if env_file else settings.shell_secrets
    key = secrets.get("RETELL_WEBHOOK_SECRET") or secrets.get("RETELL_API_KEY") or ""
    return Deployment(url, _keys(anon, service), key)


def _keys(anon: str, service: str) -> dict[str, Mapping[str, str]]:
    return {
        kind: {"apikey": key, "authorization": f"Bearer {key}"}
        for kind, key in (("anon", anon), ("service", service))
    }


def show_findings(findings: list[Finding], output: options.Format) -> None:
    """Print the findings as a table with counts, or as JSON."""
    if output == "json":
        print_json([asdict(finding) for finding in findings])
        return
    print_table(_COLUMNS, (_row(finding) for finding in findings))
    counts = {kind: sum(f.verdict == kind for f in findings) for kind in _MARKS}
    style = "red" if counts["failed"] else "green"
    remark(", ".join(f"{count} {kind}" for kind, count in counts.items() if count), style)


def _row(finding: Finding) -> tuple[str, ...]:
    return (
        finding.function,
        finding.check,
        finding.expected,
        finding.got,
        f"{finding.milliseconds:.0f}",
        _MARKS[finding.verdict],
    )
