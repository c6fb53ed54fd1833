"""kubectl's command line: which namespace and cluster, and what it answers."""

import json
from dataclasses import dataclass
from typing import Any, Final

from edge.deploy.programs import call

FIELD_MANAGER: Final = "edge"
_NAMES: Final = '{{range $name, $_ := .data}}{{$name}}{{"\\n"}}{{end}}'


@dataclass(frozen=True, slots=True)
class Kubectl:
    """Commands in one namespace of one cluster, the current one without a `context`."""

    namespace: str
    context: str | None

    def command(self, *arguments: str) -> tuple[str, ...]:
        context = (f"--context={self.context}",) if self.context else ()
        return ("kubectl", *arguments, f"--namespace={self.namespace}", *context)

    def get(self, *arguments: str) -> str:
        return call(self.command("get", *arguments))

    def secret_names(self, secret: str) -> frozenset[str]:
        """The names in a Secret, without its values; none where it is not there."""
        printed = self.get(
            "secret", secret, "--ignore-not-found", "--output", f"go-template={_NAMES}"
        )
        return frozenset(printed.split())

    def secret_data(self, secret: str) -> dict[str, str]:
        """The names in a Secret with their values, in base64."""
        printed = self.get("secret", secret, "--ignore-not-found", "--output", "json")
        return (json.loads(printed).get("data") or {}) if printed.strip() else {}


def read_items(printed: str) -> list[dict[str, Any]]:
    """The objects of a list."""
    return json.loads(printed or '{"items": []}')["items"]
