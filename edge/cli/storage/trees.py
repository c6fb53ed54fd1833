"""Whole folders of the storage service: listed, copied, moved, removed.

Follows the Supabase CLI (internal/storage), its targets of recursive copies among them.
"""

import os
import posixpath
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path

from edge.cli.console import remark
from edge.cli.storage.client import ServiceError, StorageClient, split_path
from edge.errors import EdgeError


def list_once(client: StorageClient, path: str) -> Iterator[str]:
    """Yield the names that a path begins: of buckets, or within a folder."""
    bucket, key = split_path(path)
    if not bucket or (not key and not path.endswith("/")):
        yield from (f"{name}/" for name in client.list_buckets() if name.startswith(bucket))
    else:
        yield from client.list_folder(bucket, key)


def list_all(client: StorageClient, path: str) -> Iterator[str]:
    """Yield the paths of all objects that a path begins; an empty bucket as itself."""
    base = path if path.endswith("/") else path[: path.rfind("/") + 1]
    folders: list[str] = []
    for name in list_once(client, path):
        if name.endswith("/"):
            folders.append(base + name)
        else:
            yield base + name
    while folders:
        folder = folders.pop()
        is_empty = True
        for name in list_once(client, folder):
            is_empty = False
            if name.endswith("/"):
                folders.append(folder + name)
            else:
                yield folder + name
        bucket, key = split_path(folder)
        if is_empty and not key:
            yield f"{bucket}/"


def download_all(client: StorageClient, path: str, target: Path, jobs: int) -> None:
    """Copy a folder here: into an existing folder under its own name, else as the target."""
    if target.is_dir():
        target /= posixpath.basename(path.rstrip("/"))
    count = 0
    with _Jobs(jobs) as work:
        for found in list_all(client, path):
            file = _below(target, found.removeprefix(path))
            remark(f"Downloading: {found} => {file}")
            count += 1
            if found.endswith("/"):
                file.mkdir(parents=True, exist_ok=True)
                continue
            file.parent.mkdir(parents=True, exist_ok=True)
            work.add(lambda found=found, file=file: client.download(found, file))
    if not count:
        raise EdgeError(f"Object not found: {path}")


def _below(folder: Path, relative: str) -> Path:
    """Return a path below a folder. Raises EdgeError for a key that leads out of it."""
    path = folder / relative.lstrip("/")
    if not Path(os.path.abspath(path)).is_relative_to(os.path.abspath(folder)):
        raise EdgeError(f"{relative} would be written outside {folder}.")
    return path


def upload_all(
    client: StorageClient, source: Path, path: str, headers: dict[str, str], jobs: int
) -> None:
    """Copy a file or a folder there; a missing bucket is created, objects are overwritten."""
    if not source.exists():
        raise EdgeError(f"There is no {source}.")
    whole = path.rstrip("/")
    names = set(list_once(client, whole)) if whole else set[str]()
    last = posixpath.basename(whole)
    is_folder, is_file = f"{last}/" in names, last in names
    files = [source] if source.is_file() else sorted(each for each in source.rglob("*"))
    with _Jobs(jobs) as work:
        for file in files:
            if not file.is_file():
                continue
            target = path
            if file == source:
                key = split_path(path)[1]
                if not key or key.endswith("/") or (is_folder and not is_file):
                    target = posixpath.join(path, file.name)
            else:
                if source.name and (is_folder or not whole):
                    target = posixpath.join(target, source.name)
                target = posixpath.join(target, file.relative_to(source).as_posix())
            remark(f"Uploading: {file} => {target}")
            work.add(lambda file=file, target=target: _upload(client, file, target, headers))


def _upload(client: StorageClient, file: Path, path: str, headers: dict[str, str]) -> None:
    try:
        client.upload(path, file, headers, overwrite=True)
    except ServiceError as exc:
        bucket, key = split_path(path)
        if exc.error != "Bucket not found" or not key:
            raise
        try:
            client.create_bucket(bucket)
        except ServiceError as error:
            if error.error != "Duplicate":  # another job was quicker
                raise
        client.upload(path, file, headers, overwrite=True)


def move_all(client: StorageClient, source: str, target: str) -> None:
    """Move a folder, whose path ends with /, within its bucket."""
    folders, count = [source], 0
    while folders:
        folder = folders.pop()
        for name in list(list_once(client, folder)):  # all, for moving changes the pages
            if name.endswith("/"):
                folders.append(folder + name)
                continue
            count += 1
            bucket, key = split_path(folder + name)
            destination = posixpath.join(target, (folder + name).removeprefix(source))
            remark(f"Moving object: {folder + name} => {destination}")
            client.move(bucket, key, split_path(destination)[1])
    if not count:
        raise EdgeError(f"Object not found: {source}")


def remove_all(client: StorageClient, bucket: str, prefix: str) -> None:
    """Remove a folder, whose prefix ends with /; without a prefix the bucket too."""
    folders = [prefix]
    while folders:
        folder = folders.pop()
        names = list(client.list_folder(bucket, folder))
        if not names and prefix:
            raise EdgeError(f"Object not found: {bucket}/{prefix}")
        folders += [folder + name for name in names if name.endswith("/")]
        files = [folder + name for name in names if not name.endswith("/")]
        for start in range(0, len(files), 1000):
            remark(f"Deleting objects: {files[start : start + 1000]}")
            client.delete(bucket, files[start : start + 1000])
    if not prefix:
        remark(f"Deleting bucket: {bucket}")
        try:
            remark(client.delete_bucket(bucket))
        except ServiceError as exc:
            if exc.error != "Bucket not found":
                raise
            remark(f"Bucket not found: {bucket}")


class _Jobs:
    """Runs at most `size` calls at a time; raises the first error when they are done."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._threads = ThreadPoolExecutor(size)
        self._running: set[Future[None]] = set()

    def __enter__(self) -> "_Jobs":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with self._threads:
            if kind is None:
                self._wait(0)

    def add(self, work: Callable[[], None]) -> None:
        self._wait(self._size - 1)
        self._running.add(self._threads.submit(work))

    def _wait(self, most: int) -> None:
        while len(self._running) > most:
            done, self._running = wait(self._running, return_when=FIRST_COMPLETED)
            for each in done:
                each.result()
