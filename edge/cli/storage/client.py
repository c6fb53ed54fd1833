"""The storage API as the Supabase CLI uses it: buckets, pages of a folder, files."""

import mimetypes
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import quote, urlsplit

import httpx

from edge.errors import EdgeError

SCHEME: Final = "ss"
_PAGE: Final = 100
_CHUNK: Final = 256 * 1024
_SNIFFED: Final = 512


def split_path(path: str) -> tuple[str, str]:
    """Return the bucket and the key of `/bucket/key`."""
    bucket, _, key = path.removeprefix("/").partition("/")
    return bucket, key


def remote_path(text: str) -> str | None:
    """Return the path of a URL `ss:///bucket/key`; None for a path on this machine."""
    url = urlsplit(text)
    if url.scheme.lower() != SCHEME:
        return None
    if url.netloc or not url.path:
        raise EdgeError(f"{text} must match pattern ss:///bucket/[prefix].")
    return text[text.index(":") + 3 :]  # a key may have ? and #


def require_remote(text: str) -> str:
    """Return the path of a URL of storage. Raises EdgeError for anything else."""
    path = remote_path(text)
    if path is None:
        raise EdgeError(f"{text} must match pattern ss:///bucket/[prefix].")
    return path


class ServiceError(EdgeError):
    """An error of the service; `error` is its word, such as `not_found`."""

    def __init__(self, message: str, error: str) -> None:
        super().__init__(message)
        self.error = error


class StorageClient:
    """Calls the storage service of a stack as service_role."""

    def __init__(self, url: str, key: str) -> None:
        self._http = httpx.Client(
            base_url=f"{url}/storage/v1",
            headers={"authorization": f"Bearer {key}", "apikey": key},
            timeout=httpx.Timeout(60.0),
            trust_env=False,
        )

    def close(self) -> None:
        self._http.close()

    def list_buckets(self) -> list[str]:
        return [bucket["name"] for bucket in self._send("GET", "/bucket")]

    def create_bucket(self, name: str) -> None:
        self._send("POST", "/bucket", json={"name": name})

    def delete_bucket(self, name: str) -> str:
        return self._send("DELETE", f"/bucket/{_quote(name)}")["message"]

    def list_folder(self, bucket: str, key: str) -> Iterator[str]:
        """Yield the names below a folder that begin with the key's last part; folders end in /."""
        folder, slash, search = key.rpartition("/")
        body = {"prefix": folder + slash, "search": search, "limit": _PAGE, "offset": 0}
        while True:
            found = self._send("POST", f"/object/list/{_quote(bucket)}", json=body)
            for entry in found:
                yield entry["name"] if entry["id"] else f"{entry['name']}/"
            if len(found) < _PAGE:
                return
            body["offset"] = cast("int", body["offset"]) + _PAGE

    def move(self, bucket: str, source: str, destination: str) -> str:
        body = {"bucketId": bucket, "sourceKey": source, "destinationKey": destination}
        return self._send("POST", "/object/move", json=body)["message"]

    def delete(self, bucket: str, keys: list[str]) -> list[str]:
        """Delete objects; returns the keys of those that existed."""
        body = {"prefixes": keys}
        deleted = self._send("DELETE", f"/object/{_quote(bucket)}", json=body)
        return [each["name"] for each in deleted]

    def upload(self, path: str, file: Path, headers: dict[str, str], *, overwrite: bool) -> None:
        """Stream a file to `/bucket/key`."""
        named = {"cache-control": "max-age=3600", "content-type": detect_type(file)} | headers
        named |= {"content-length": str(file.stat().st_size)}
        if overwrite:
            named["x-upsert"] = "true"
        self._send("POST", f"/object{_quote(path)}", content=_chunks(file), headers=named)

    def download(self, path: str, file: Path) -> None:
        """Stream `/bucket/key` to a file, which appears when it is whole."""
        part = file.with_name(f"{file.name}.part")
        with self._http.stream("GET", f"/object{_quote(path)}") as response:
            if response.is_error:
                response.read()
                raise _explain(response)
            with part.open("wb") as target:
                for chunk in response.iter_bytes(_CHUNK):
                    target.write(chunk)
        part.replace(file)

    def _send(self, method: str, path: str, **options: Any) -> Any:
        try:
            response = self._http.request(method, path, **options)
        except httpx.HTTPError as exc:
            raise EdgeError(f"The storage service cannot be reached: {exc}.") from exc
        if response.is_error:
            raise _explain(response)
        return response.json()


def _explain(response: httpx.Response) -> EdgeError:
    try:
        body = cast("dict[str, Any]", response.json())
    except ValueError:
        return EdgeError(f"The storage service answered {response.status_code}.")
    message = f"{body.get('message', body)} ({body.get('statusCode', response.status_code)})"
    return ServiceError(message, str(body.get("error")))


def detect_type(file: Path) -> str:
    """Return a MIME type, by the name or, if that says nothing, by the first bytes."""
    guessed, encoding = mimetypes.guess_type(file.name)
    if guessed and not encoding:
        return guessed
    with file.open("rb") as source:
        start = source.read(_SNIFFED)
    try:
        start.decode()
    except UnicodeDecodeError as exc:
        if exc.end < len(start) or b"\0" in start:
            return "application/octet-stream"
    return "application/octet-stream" if b"\0" in start else "text/plain; charset=utf-8"


def _chunks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as source:
        while chunk := source.read(_CHUNK):
            yield chunk


def _quote(path: str) -> str:
    return quote(path, safe="/")
