"""Extensions that pg_tle installs: control file and scripts where the server looks for them."""

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from edge.emulator.postgres.host_server import HostError

_NAME: Final = re.compile(r"[A-Za-z0-9_](?:-?[A-Za-z0-9_.+])*")
_MOST_FILES: Final = 1000


@dataclass(frozen=True, slots=True)
class InstalledExtensions:
    """Files in `kept`, which outlives the server, and beside the extensions that it knows."""

    kept: Path
    served: Path

    def serve(self) -> None:
        """Put what was installed earlier where the server looks."""
        for path in self.kept.glob("*"):
            self._copy(path)

    def write(
        self, *, name: str, extension: Mapping[str, Any] | None, scripts: Mapping[str, str]
    ) -> None:
        """Replace the extension's files; remove them for None. For calls from SQL."""
        _check_name(name)
        if extension and (self.served / f"{name}.control").exists() and not self._files_of(name):
            raise HostError(f"control file already exists for the {name} extension", "42710")
        for path in self._files_of(name):
            path.unlink()
            (self.served / path.name).unlink(missing_ok=True)
        if extension is None:
            return
        files = {f"{name}.control": _render_control(extension)}
        for version, script in scripts.items():
            for part in version.split("--"):
                _check_name(part)
            files[f"{name}--{version}.sql"] = script
        self.kept.mkdir(parents=True, exist_ok=True)
        if len(files) + len(list(self.kept.iterdir())) > _MOST_FILES:
            raise HostError(f"more than {_MOST_FILES} files of extensions", "54000")
        for file, text in files.items():
            (self.kept / file).write_text(text, "utf-8")
            self._copy(self.kept / file)

    def _files_of(self, name: str) -> list[Path]:
        found = [self.kept / f"{name}.control", *self.kept.glob(f"{name}--*.sql")]
        return [path for path in found if path.exists()]

    def _copy(self, path: Path) -> None:
        shutil.copyfile(path, self.served / path.name)
        (self.served / path.name).chmod(0o644)


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise HostError(f"invalid extension name or version: {name!r}", "22023")


def _render_control(extension: Mapping[str, Any]) -> str:
    lines = {
        "default_version": extension["version"],
        "comment": extension["comment"],
        "requires": ", ".join(extension["requires"]),
    }
    written = [f"{key} = {_quote(value)}" for key, value in lines.items() if value]
    return "\n".join([*written, "relocatable = false", "superuser = false"]) + "\n"


def _quote(value: str) -> str:
    return "'" + value.replace("'", "''").replace("\\", "\\\\").replace("\n", " ") + "'"
