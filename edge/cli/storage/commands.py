"""`edge storage`: list, copy, move and remove objects of the running stack."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edge.cli import options
from edge.cli.console import confirm, remark
from edge.errors import EdgeError

if TYPE_CHECKING:
    from edge.cli.storage.client import StorageClient

app = typer.Typer(
    help="List, copy, move and remove objects, named ss:///BUCKET/PATH.", no_args_is_help=True
)
Recursive = Annotated[bool, typer.Option("--recursive", "-r", help="With all that is below.")]


@contextmanager
def _connect(workdir: Path) -> "Generator[StorageClient]":
    from edge.cli.running import require_running
    from edge.cli.storage.client import StorageClient

    details = require_running(workdir)
    client = StorageClient(details["API_URL"], details["SERVICE_ROLE_KEY"])
    try:
        yield client
    finally:
        client.close()


@app.command("ls")
def list_paths(
    path: Annotated[str, typer.Argument(metavar="[PATH]", help="ss:///BUCKET/PREFIX.")] = "ss:///",
    *,
    recursive: Recursive = False,
    workdir: options.Workdir = options.HERE,
) -> None:
    """List buckets, or what a folder has."""
    from edge.cli.storage.client import require_remote
    from edge.cli.storage.trees import list_all, list_once

    found = require_remote(path)
    with _connect(workdir) as client:
        for name in (list_all if recursive else list_once)(client, found):
            typer.echo(name)


@app.command("cp")
def copy(  # noqa: PLR0913 - each is an option of the command
    source: Annotated[str, typer.Argument(metavar="SRC")],
    target: Annotated[str, typer.Argument(metavar="DST")],
    *,
    recursive: Recursive = False,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, max=64, help="At a time.")] = 1,
    cache_control: Annotated[str, typer.Option(help="Header of uploads.")] = "max-age=3600",
    content_type: Annotated[
        str, typer.Option(help="Header of uploads.", show_default="auto-detect")
    ] = "",
    workdir: options.Workdir = options.HERE,
) -> None:
    """Copy between this machine and a bucket: `edge storage cp -r docs ss:///bucket/docs`."""
    from edge.cli.storage.client import remote_path
    from edge.cli.storage.trees import download_all, upload_all

    headers = {"cache-control": cache_control}
    headers |= {"content-type": content_type} if content_type else {}
    from_remote, to_remote = remote_path(source), remote_path(target)
    if from_remote and to_remote:
        raise EdgeError("Copying between buckets is not supported.")
    if not from_remote and not to_remote:
        raise EdgeError("One of both must be ss:///BUCKET/PATH.", cure=f"cp -r {source} {target}")
    with _connect(workdir) as client:
        if from_remote and recursive:
            download_all(client, from_remote, Path(target), jobs)
        elif from_remote:
            client.download(from_remote, _target_file(from_remote, Path(target)))
        elif to_remote and recursive:
            upload_all(client, Path(source), to_remote, headers, jobs)
        elif to_remote:
            if not Path(source).is_file():
                raise EdgeError(f"There is no file {source}.", cure="Add -r to copy a folder.")
            client.upload(to_remote, Path(source), headers, overwrite=False)


def _target_file(path: str, target: Path) -> Path:
    """Return the file to write: within a folder under the object's name; never an existing one."""
    file = target / path.rpartition("/")[2] if target.is_dir() else target
    if file.exists():
        raise EdgeError(f"{file} exists already.", cure="Remove it, or add -r to overwrite it.")
    return file


@app.command("mv")
def move(
    source: Annotated[str, typer.Argument(metavar="SRC")],
    target: Annotated[str, typer.Argument(metavar="DST")],
    *,
    recursive: Recursive = False,
    workdir: options.Workdir = options.HERE,
) -> None:
    """Move an object, with -r a folder, within its bucket."""
    from edge.cli.storage.client import ServiceError, require_remote, split_path
    from edge.cli.storage.trees import move_all

    old, new = require_remote(source), require_remote(target)
    (bucket, key), (other, destination) = split_path(old), split_path(new)
    if not key and not destination:
        raise EdgeError("You must specify an object path.")
    if bucket != other:
        raise EdgeError("Moving between buckets is unsupported.")
    with _connect(workdir) as client:
        remark(f"Moving object: {old} => {new}")
        try:
            remark(client.move(bucket, key, destination))
        except ServiceError as exc:
            if not recursive or exc.error != "not_found":
                raise
            move_all(client, old.rstrip("/") + "/", new)


@app.command("rm")
def remove(
    files: Annotated[list[str], typer.Argument(metavar="FILE...")],
    *,
    recursive: Recursive = False,
    yes: options.Yes = False,
    workdir: options.Workdir = options.HERE,
) -> None:
    """Remove objects, with -r folders; a bucket without a path is emptied and removed."""
    from edge.cli.storage.client import require_remote, split_path
    from edge.cli.storage.trees import remove_all

    groups: dict[str, list[str]] = {}
    for file in files:
        bucket, key = split_path(require_remote(file))
        if not bucket:
            raise EdgeError("You must specify a bucket to delete.")
        if (not key or key.endswith("/")) and not recursive:
            raise EdgeError("You must specify -r flag to delete directories.")
        groups.setdefault(bucket, []).append(key)
    with _connect(workdir) as client:
        for bucket, keys in groups.items():
            confirm(f"Delete files in bucket {bucket}?", yes=yes)
            named = [key for key in keys if key]
            removed = client.delete(bucket, named) if named else []
            for key in keys:
                if key in removed:
                    continue
                if not recursive:
                    remark(f"Object not found: {key}", "yellow")
                    continue
                remove_all(client, bucket, key.rstrip("/") + "/" if key else "")
