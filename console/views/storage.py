"""Storage: buckets and folders as anybody; upload, preview, sign, move, delete."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

from nicegui import app, ui
from starlette.requests import Request
from starlette.responses import Response

from console import api, page
from console.api import ApiError, rows_of
from console.downloads import pass_on
from console.layout import heading
from console.settings import read_settings
from console.ui.dialogs import confirm
from console.ui.filters import Filters
from console.ui.messages import copy_button, empty, show_error
from console.ui.parts import facts, link, pages, size
from console.ui.preview import SHOWN_INSIDE, preview
from console.ui.see_as import NAMES, add_see_as
from console.ui.table import Column, Table
from console.ui.uploader import Uploader

_API: Final = "/services/storage"
_PAGE: Final = 100
_EVERYTHING: Final = "service_role: all files"
_SIGNED_SECONDS: Final = 3600
_BUCKETS: Final = (
    Column("name", "Bucket", href="/console/storage/{id}"),
    Column("public", "Public", "flag"),
    Column("file_size_limit", "Largest file", "bytes", optional=True),
    Column("types", "Types", optional=True),
    Column("created_at", "Created", "time"),
)
_FILES: Final = (
    Column("name", "File"),
    Column("bytes", "Size", "bytes"),
    Column("type", "Type", optional=True),
    Column("updated_at", "Changed", "time", optional=True),
    Column("open", "", "action"),
)


@page("/storage", title="Storage", icon="folder", group="Data", order=50)
async def buckets() -> None:
    """List the buckets."""
    query = ui.context.client.request.query_params
    with heading("Storage", "Buckets and their files"):
        create = ui.button("Create a bucket", icon="add", on_click=_create_bucket)
        create.props("no-caps unelevated")
    filters = Filters("/storage", {name: query.get(name, "") for name in NAMES})
    await add_see_as(filters, _EVERYTHING)
    place = ui.element("div")

    async def show() -> None:
        found = await api().request("GET", f"{_API}/bucket", headers=as_headers(filters.values))
        place.clear()
        with place:
            if not found:
                empty(
                    "No buckets", "Create one here, or list it in config.toml:", "[storage.buckets]"
                )
                return
            rows = [{**each, "types": _types(each)} for each in rows_of(found)]
            Table(_columns(filters.values), rows, label="Buckets")

    filters.on_change = show
    await show()


def as_headers(values: Mapping[str, str]) -> dict[str, str]:
    """Return the header with the role or user that Storage is read as."""
    chosen = values.get("sub") or values.get("role") or ""
    return {"x-console-as": chosen} if chosen and chosen != "authenticated" else {}


def _columns(values: Mapping[str, str]) -> list[Column]:
    query = urlencode({name: values[name] for name in NAMES if values.get(name)})
    href = "/console/storage/{id}" + (f"?{query}" if query else "")
    return [Column("name", "Bucket", href=href), *_BUCKETS[1:]]


def _types(bucket: Mapping[str, Any]) -> str:
    return ", ".join(bucket.get("allowed_mime_types") or ())


async def _create_bucket() -> None:
    with ui.dialog() as dialog, ui.card().classes("question"):
        with ui.element("h2"):
            ui.label("Create a bucket")
        name = ui.input("Name").props("dense outlined autofocus").classes("full")
        public = ui.checkbox("Public: files are read without a key").props("dense")

        async def create() -> None:
            chosen = name.value or ""
            body = {"id": chosen, "name": chosen, "public": public.value}
            try:
                await api().post(f"{_API}/bucket", body)
            except ApiError as exc:
                ui.notify(exc.message, type="negative")
                return
            ui.navigate.to(f"/storage/{quote(chosen, safe='')}")

        with ui.element("div").classes("row-wrap question-acts"):
            ui.button("Cancel", on_click=dialog.close).props("flat no-caps")
            ui.button("Create", on_click=create).props("no-caps unelevated")
    dialog.open()


@page("/storage/{bucket}", title="Bucket", icon="folder")
async def folder(bucket: str) -> None:
    """Show a folder of a bucket."""
    query = ui.context.client.request.query_params
    names = ("path", "q", "start", *NAMES)
    await _FolderPage(bucket, {name: query.get(name, "") for name in names}).build()


class _FolderPage:
    def __init__(self, bucket: str, query: Mapping[str, str]) -> None:
        self._bucket = bucket
        self._quoted = quote(bucket, safe="")
        self._path = query.get("path", "").strip("/")
        self._files: dict[str, dict[str, Any]] = {}
        with heading(self._bucket):
            link("Policies", "/console/tables/storage/objects")
            remove = ui.button("Delete the bucket", on_click=self._delete_bucket)
            remove.props("flat no-caps color=negative")
        crumbs = ui.element("nav").classes("row-wrap crumbs").props('aria-label="Folders"')
        self._filters = Filters(f"/storage/{self._quoted}", query)
        self._add_crumbs(crumbs)

    async def build(self) -> None:
        self._filters.search("q", "Name begins with")
        await add_see_as(self._filters, _EVERYTHING)
        self._uploader = Uploader("Upload files, or drop them here", self._bucket, self._path)
        self._uploader.send_as(self._headers)
        self._uploader.on_stored(self._show)
        self._place = ui.element("div").classes("stack")
        self._filters.on_change = self._show
        await self._show()

    @property
    def _headers(self) -> dict[str, str]:
        return as_headers(self._filters.values)

    def _full(self, name: str) -> str:
        return f"{self._path}/{name}" if self._path else name

    def _add_crumbs(self, crumbs: ui.element) -> None:
        with crumbs:
            link("Storage", "/console/storage")
            parts = self._path.split("/") if self._path else []
            for depth, part in enumerate([self._bucket, *parts]):
                ui.label("/").classes("dim")
                link(part, self._filters.url(path="/".join(parts[:depth]), q="", start=""))

    async def _show(self) -> None:
        values = self._filters.values
        text = values.get("start", "")
        start = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
        body = {
            "prefix": self._path,
            "search": values.get("q", ""),
            "limit": _PAGE + 1,
            "offset": start,
            "sortBy": {"column": "name", "order": "asc"},
        }
        self._uploader.send_as(self._headers)
        self._place.clear()
        with self._place:
            try:
                found = await api().request(
                    "POST", f"{_API}/object/list/{self._quoted}", body=body, headers=self._headers
                )
            except ApiError as exc:
                show_error(exc)
                return
            self._show_entries(rows_of(found), start)

    def _show_entries(self, entries: list[dict[str, Any]], start: int) -> None:
        if not entries:
            empty("Nothing here", "No file, or none that a policy shows. Drop one above.")
            return
        self._files = {each["name"]: each for each in entries[:_PAGE] if each["id"]}
        folders = [each["name"] for each in entries[:_PAGE] if not each["id"]]
        if folders:
            with ui.element("nav").classes("row-wrap").props('aria-label="Folders in here"'):
                for name in folders:
                    url = self._filters.url(path=self._full(name), q="", start="")
                    with ui.element("a").classes("button") as anchor:
                        ui.icon("folder").props("aria-hidden=true")
                        ui.label(name)
                    anchor.props["href"] = url
        if self._files:
            rows = [_file_row(each) for each in self._files.values()]
            Table(_FILES, rows, label="Files").on_act(self._open)
        more = self._filters.url(start=str(start + _PAGE)) if len(entries) > _PAGE else None
        pages(more, self._filters.url(start="") if start else None)

    async def _open(self, key: Any, _column: str) -> None:
        name = str(key)
        entry = self._files[name]
        path = self._full(name)
        metadata = entry.get("metadata") or {}
        kind = metadata.get("mimetype") or ""
        url = f"/console/download/storage/{self._quoted}/{quote(path)}"
        query = urlencode(self._headers)
        with ui.dialog() as dialog, ui.card().classes("editor"):
            with ui.element("h2"):
                ui.label(path)
            preview(kind, f"{url}?{query}", name)
            facts({"Size": size(metadata.get("size")), "Type": kind, "ETag": metadata.get("eTag")})
            signed = ui.element("div")
            target = ui.input("Move to", value=path).props("dense outlined").classes("full mono")
            with ui.element("div").classes("row-wrap question-acts"):
                ui.button("Close", on_click=dialog.close).props("flat no-caps")
                with ui.element("a").classes("button") as download:
                    ui.label("Download")
                download.props["href"] = f"{url}?{query}&download=1"
                sign = ui.button("Signed link", on_click=lambda: self._sign(path, signed))
                sign.props("flat no-caps")
                move = ui.button(
                    "Move", on_click=lambda: self._move(path, target.value or path, dialog)
                )
                move.props("flat no-caps")
                remove = ui.button("Delete", on_click=lambda: self._delete(path, dialog))
                remove.props("flat no-caps color=negative")
        dialog.open()

    async def _sign(self, path: str, place: ui.element) -> None:
        url = f"{_API}/object/sign/{self._quoted}/{quote(path)}"
        try:
            answer = await api().request(
                "POST", url, body={"expiresIn": _SIGNED_SECONDS}, headers=self._headers
            )
        except ApiError as exc:
            ui.notify(exc.message, type="negative")
            return
        whole = f"{read_settings().public_url}/storage/v1{answer['signedURL']}"
        place.clear()
        with place, ui.element("div").classes("row-wrap no-wrap-row"):
            copy_button(whole, "Copy the link")
            ui.label(whole).classes("mono break")
        ui.notify("Valid for an hour")

    async def _move(self, path: str, target: str, dialog: ui.dialog) -> None:
        body = {"bucketId": self._bucket, "sourceKey": path, "destinationKey": target}
        await self._change("POST", f"{_API}/object/move", body, dialog)

    async def _delete(self, path: str, dialog: ui.dialog) -> None:
        if await confirm(f"Delete {path}?", action="Delete", danger=True):
            url = f"{_API}/object/{self._quoted}/{quote(path)}"
            await self._change("DELETE", url, None, dialog)

    async def _change(self, method: str, url: str, body: Any, dialog: ui.dialog) -> None:
        try:
            await api().request(method, url, body=body, headers=self._headers)
        except ApiError as exc:
            ui.notify(exc.message, type="negative")
            return
        dialog.close()
        await self._show()

    async def _delete_bucket(self) -> None:
        text = "Its files are deleted with it."
        if await confirm(f"Delete {self._bucket}?", text, "Delete", danger=True):
            await api().post(f"{_API}/bucket/{self._quoted}/empty")
            await api().delete(f"{_API}/bucket/{self._quoted}")
            ui.navigate.to("/storage")


def _file_row(entry: Mapping[str, Any]) -> dict[str, Any]:
    metadata = entry.get("metadata") or {}
    return {
        "id": entry["name"],
        "name": entry["name"],
        "bytes": metadata.get("size"),
        "type": metadata.get("mimetype"),
        "updated_at": entry.get("updated_at"),
        "open": "Open",
    }


@app.get("/download/storage/{bucket}/{path:path}")
async def _download(request: Request, bucket: str, path: str) -> Response:
    """Pass a file on; what a browser would run is only offered to be saved."""
    query = request.query_params
    headers = {n: query[n] for n in ("x-console-as",) if n in query}
    if "range" in request.headers:
        headers["range"] = request.headers["range"]
    target = f"{_API}/object/{quote(bucket, safe='')}/{quote(path)}"
    answer = await pass_on(target, headers)
    kind = answer.headers.get("content-type", "")
    if "download" in query or not kind.startswith(SHOWN_INSIDE) or answer.status_code >= 400:
        name = quote(path.rpartition("/")[2])
        answer.headers["content-disposition"] = f"attachment; filename*=UTF-8''{name}"
    return answer
