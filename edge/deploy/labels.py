"""The labels that identify deployed services."""

import hashlib
import json
from typing import Any, Final

from edge.deploy.settings import Settings

PROJECT: Final = "edge-project"
ENVIRONMENT: Final = "edge-env"
FUNCTION: Final = "edge-function"
DIGEST: Final = "edge-digest"
_LABEL_DIGITS: Final = 40  # a label's value has at most 63 characters


def digest_of(*parts: Any) -> str:
    """Return a hash of all parts, as JSON."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:_LABEL_DIGITS]


def labels_of(settings: Settings, slug: str) -> dict[str, str]:
    """Return the labels of a function's service: project, environment and function."""
    return {PROJECT: settings.project, ENVIRONMENT: settings.env, FUNCTION: slug}
