"""Builds kubectl commands for one namespace and cluster, and parses their output."""

import json
from dataclasses import dataclass
from typing import Any, Final

from edge.deploy.programs import call

FIELD_MANAGER: Final = "edge"
_NAMES: Final = '{{range $name, $_ := .data}}{{$name}}{{"\\n"}}{{end}}'


@dataclass(frozen=True, slots=True)
class Kubectl:
    """Commands in one namespace of a cluster; without `context`, of the current one."""

    namespace: str
    context: str | None

    def command(self, *arguments: str) -> tuple[str, ...]:
        context = (f"--context={self.context}",) if self.context else ()
        return ("kubectl", *arguments, f"--namespace={self.namespace}", *context)

    def get(self, *arguments: str) -> str:
        return call(self.command("get", *arguments))

    def secret_names(self, secret: str) -> frozenset[str]:
        """Return the keys of a Secret without their values; empty if it does not exist."""
        printed = self.get(
            "secret", secret, "--ignore-not-found", "--output", f"go-template={_NAMES}"
        )
        return frozenset(printed.split())

    def secret_data(self, secret: str) -> dict[str, str]:
        """Return the keys of a Secret with their values in base64; empty if it does not exist."""
        printed = self.get("secret", secret, "--ignore-not-found", "--output", "json")
        return (json.loads(printed).get("data") or {}) if printed.strip() else {}


def read_items(printed: str) -> list[dict[str, Any]]:
    """Parse the items of a list."""
    return json.loads(printed or '{"items": []}')["items"]
