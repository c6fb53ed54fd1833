"""A GitHub workflow as tests read it: its document, and the shell steps of a job."""

from pathlib import Path
from typing import Any

import yaml


def read_workflow(path: Path) -> dict[str, Any]:
    """Return the document; YAML 1.1 reads the key `on` as a boolean."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    document["on"] = document.pop(True)
    return document


def shell_steps(workflow: dict[str, Any], job: str) -> dict[str, str]:
    """Return the scripts of the job's steps by their names."""
    return {s["name"]: s["run"] for s in workflow["jobs"][job]["steps"] if "run" in s}
