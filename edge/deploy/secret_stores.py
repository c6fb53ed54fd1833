"""The secret stores of the targets: Secret Manager, or a Secret of Kubernetes.

Values are passed through standard input only, never as an argument or in a file.
"""

import json
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from edge.deploy.kubectl import FIELD_MANAGER, Kubectl
from edge.deploy.labels import PROJECT
from edge.deploy.programs import ProgramFailed, call
from edge.deploy.settings import Settings
from edge.errors import DeployError
from edge.project.env_file import digest_secret

UNKNOWN_DIGEST: Final = ""


class SecretStore(Protocol):
    """The secrets of one environment at a target."""

    @property
    def place(self) -> str:
        """The store's name in messages."""
        ...

    def read(self) -> dict[str, str]:
        """Return the digests of values by name; UNKNOWN_DIGEST where values are not readable."""
        ...

    def set(self, secrets: Mapping[str, str]) -> None: ...

    def unset(self, names: Sequence[str]) -> None: ...


@dataclass(frozen=True, slots=True)
class SecretManager:
    """Google Secret Manager: one secret per name, a new version whenever it is set."""

    settings: Settings

    @property
    def place(self) -> str:
        return f"Secret Manager of {self.settings.cloud_run().project}"

    def read(self) -> dict[str, str]:
        """List the project's secrets by label. Digests would need permission to read the values."""
        own = self.settings.cloud_run()
        names = [n for n in self._list(self._label) if n.startswith(own.secret_prefix)]
        return {name.removeprefix(own.secret_prefix): UNKNOWN_DIGEST for name in names}

    def set(self, secrets: Mapping[str, str]) -> None:
        prefix = self.settings.cloud_run().secret_prefix
        present = set(self._list())
        done: list[str] = []
        for name, value in secrets.items():
            try:
                call(self._setting(prefix + name, is_there=prefix + name in present), value)
            except ProgramFailed as exc:
                how_far = _how_far(list(secrets), done)
                raise DeployError(f"{name} was not set: {exc}\n{how_far}") from exc
            done.append(name)

    def unset(self, names: Sequence[str]) -> None:
        prefix = self.settings.cloud_run().secret_prefix
        done: list[str] = []
        for name in names:
            try:
                call(("gcloud", "secrets", "delete", prefix + name, *self._place()))
            except ProgramFailed as exc:
                raise DeployError(
                    f"{name} was not removed: {exc}\n{_how_far(names, done)}"
                ) from exc
            done.append(name)

    def _setting(self, name: str, *, is_there: bool) -> tuple[str, ...]:
        if is_there:
            return ("gcloud", "secrets", "versions", "add", name, "--data-file=-", *self._place())
        made = ("--replication-policy=automatic", f"--labels={self._label}")
        return ("gcloud", "secrets", "create", name, "--data-file=-", *made, *self._place())

    @property
    def _label(self) -> str:
        return f"{PROJECT}={self.settings.project}"

    def _list(self, label: str | None = None) -> list[str]:
        wanted = (f"--filter=labels.{label}",) if label else ()
        listing = call(("gcloud", "secrets", "list", *wanted, "--format=json", *self._place()))
        entries: list[dict[str, Any]] = json.loads(listing or "[]")
        return [str(entry["name"]).rpartition("/")[2] for entry in entries]

    def _place(self) -> tuple[str, str]:
        return (f"--project={self.settings.cloud_run().project}", "--quiet")


@dataclass(frozen=True, slots=True)
class KubernetesSecret:
    """One Secret for all functions, which reference single keys of it."""

    settings: Settings

    @property
    def place(self) -> str:
        own = self.settings.knative()
        return f"the Secret {own.secret} in namespace {own.namespace}"

    def read(self) -> dict[str, str]:
        data = self._kubectl.secret_data(self._name)
        return {name: digest_secret(b64decode(value).decode()) for name, value in data.items()}

    def set(self, secrets: Mapping[str, str]) -> None:
        """Set all in one request."""
        if self._kubectl.get("secret", self._name, "--ignore-not-found", "--output=name").strip():
            self._patch({"stringData": dict(secrets)})
            return
        document = {
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "Opaque",
            "metadata": {
                "name": self._name,
                "labels": {
                    PROJECT: self.settings.project,
                    "app.kubernetes.io/managed-by": FIELD_MANAGER,
                },
            },
            "stringData": dict(secrets),
        }
        call(self._kubectl.command("create", "--filename=-"), json.dumps(document))

    def unset(self, names: Sequence[str]) -> None:
        self._patch({"data": dict.fromkeys(names)})

    def _patch(self, change: Mapping[str, Any]) -> None:
        patch = ("patch", "secret", self._name, "--type=merge", "--patch-file=/dev/stdin")
        call(self._kubectl.command(*patch), json.dumps(change))

    @property
    def _name(self) -> str:
        return self.settings.knative().secret

    @property
    def _kubectl(self) -> Kubectl:
        own = self.settings.knative()
        return Kubectl(own.namespace, own.context)


def _how_far(names: Sequence[str], done: Sequence[str]) -> str:
    left = [name for name in names if name not in done][1:]
    return f"Done before: {', '.join(done) or 'none'}. Not tried: {', '.join(left) or 'none'}."
