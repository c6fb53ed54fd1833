"""Media library: collections and videos with their transcripts, read through the data API."""

import re
from collections.abc import Mapping
from typing import Any, Final, cast

import httpx

from backend.chat.recordings import SHARED

DEFAULT_COLLECTION: Final = "default"
_MOST_VIDEOS: Final = 1000
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class LibraryError(Exception):
    """The library cannot be read or written; the message may be shown to users."""


class NotFoundError(LibraryError):
    """The collection or video is not there, or is another user's."""


class Library:
    """Library of the project at `api_url`; `key` bypasses row-level security, `owner` decides."""

    def __init__(self, api_url: str, key: str) -> None:
        self._client = httpx.AsyncClient(
            base_url=f"{api_url}/rest/v1",
            headers={"apikey": key, "Authorization": f"Bearer {key}"},
            timeout=httpx.Timeout(30, connect=5),
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def check(self) -> bool:
        """Return whether the data API answers with the tables of the library."""
        try:
            await self._request("GET", "/videos", params={"select": "id", "limit": "1"})
        except LibraryError:
            return False
        return True

    async def list_collections(self, owner: str | None) -> list[dict[str, Any]]:
        """Return {id, name, description} of each; a default one if there is none."""
        rows = await self.count_videos(owner)
        found = [{key: row[key] for key in ("id", "name", "description")} for row in rows]
        return found or [_default()]

    async def count_videos(self, owner: str | None) -> list[dict[str, Any]]:
        """Return {id, name, description, video_count} of each collection that is there."""
        return await self._request("POST", "/rpc/list_collections_v1", json={"p_owner": owner})

    async def fetch_collection(self, collection_id: str, owner: str | None) -> dict[str, Any]:
        """Return {id, name, description}. Raises NotFoundError."""
        for collection in await self.list_collections(owner):
            if collection["id"] == collection_id:
                return collection
        if collection_id == DEFAULT_COLLECTION:
            return _default()
        raise NotFoundError("The collection is not there.")

    async def create_collection(
        self, name: str, description: str, owner: str | None
    ) -> dict[str, Any]:
        """Insert a collection and return {id, name, description}."""
        body = {"name": name, "description": description, "owner_id": owner}
        rows = await self._request("POST", "/collections", json=body, prefer="representation")
        return {key: rows[0][key] for key in ("id", "name", "description")}

    async def delete_collection(self, collection_id: str, owner: str | None) -> None:
        """Delete an empty collection. Raises LibraryError if it has videos, NotFoundError."""
        counts = {row["id"]: row["video_count"] for row in await self.count_videos(owner)}
        if counts.get(collection_id):
            raise LibraryError("Invalid request: Your collection has non-zero videos.")
        params = {"id": f"eq.{collection_id}", **_owned(owner)}
        rows = await self._request("DELETE", "/collections", params=params, prefer="representation")
        if not rows:
            raise NotFoundError("The collection is not there.")

    async def list_videos(self, collection_id: str, owner: str | None) -> list[dict[str, Any]]:
        """Return up to 1,000 videos as clients read them, newest first."""
        rows = await self._videos({"collection_id": f"eq.{collection_id}"}, owner)
        return [_render_video(row) for row in rows]

    async def fetch_video(
        self, video_id: str, collection_id: str | None, owner: str | None
    ) -> dict[str, Any]:
        """Return a video as clients read it, by its own id or its uuid. Raises NotFoundError."""
        return _render_video(await self._find(video_id, collection_id, owner, "*"))

    async def fetch_transcript(
        self, video_id: str, collection_id: str | None, owner: str | None
    ) -> dict[str, Any]:
        """Return the video's row with `full_text`, None without a transcript.

        Raises NotFoundError.
        """
        row = await self._find(video_id, collection_id, owner, "*,transcripts(full_text)")
        transcript = cast("dict[str, Any] | None", row.pop("transcripts"))
        return {**row, "full_text": transcript["full_text"] if transcript else None}

    async def delete_video(
        self, video_id: str, collection_id: str | None, owner: str | None
    ) -> str | None:
        """Delete a video with its transcript and outputs.

        Return its recording's path, None if another collection has the recording too. Raises
        NotFoundError.
        """
        columns = "id,video_id,owner_id,metadata"
        row = await self._find(video_id, collection_id, owner, columns)
        await self._request("DELETE", "/videos", params={"id": f"eq.{row['id']}"})
        recording = recording_of(row)
        others = await self._videos({"video_id": f"eq.{row['video_id']}"}, owner, columns)
        return None if recording in map(recording_of, others) else recording

    async def add_video(
        self, video_id: str, collection_id: str, metadata: Mapping[str, Any], owner: str | None
    ) -> None:
        """Insert a video without a transcript; one that is there already stays.

        Raises LibraryError if it is another user's.
        """
        body = {
            "video_id": video_id,
            "collection_id": collection_id,
            "metadata": dict(metadata),
            "owner_id": owner,
        }
        await self._request(
            "POST",
            "/videos",
            params={"on_conflict": "video_id,collection_id"},
            json=body,
            prefer="minimal,resolution=ignore-duplicates",
        )

    async def set_owner(self, video_uuid: str, owner: str | None) -> None:
        """Give a video that a run stored to the user who asked for it."""
        await self._request(
            "PATCH", "/videos", params={"id": f"eq.{video_uuid}"}, json={"owner_id": owner}
        )

    async def _find(
        self, video_id: str, collection_id: str | None, owner: str | None, columns: str
    ) -> dict[str, Any]:
        column = "id" if _UUID.fullmatch(video_id) else "video_id"
        filters = {column: f"eq.{video_id}"}
        if collection_id and column == "video_id":
            filters["collection_id"] = f"eq.{collection_id}"
        rows = await self._videos(filters, owner, columns)
        if not rows:
            raise NotFoundError("The video is not there.")
        return rows[0]

    async def _videos(
        self, filters: Mapping[str, str], owner: str | None, columns: str = "*"
    ) -> list[dict[str, Any]]:
        params = {
            "select": columns,
            "order": "created_at.desc",
            "limit": str(_MOST_VIDEOS),
            **filters,
            **_owned(owner),
        }
        return await self._request("GET", "/videos", params=params)

    async def _request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        json: Any = None,
        prefer: str = "minimal",
    ) -> list[dict[str, Any]]:
        headers = {"Prefer": f"return={prefer}"}
        try:
            response = await self._client.request(
                method, path, params=params, json=json, headers=headers
            )
            response.raise_for_status()
            return response.json() if response.content else []
        except httpx.HTTPStatusError as exc:
            raise LibraryError(f"The data API answered {exc.response.status_code}.") from exc
        except (httpx.HTTPError, ValueError) as exc:
            raise LibraryError("The data API cannot be reached.") from exc


def metadata_of(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what is known of a video beside its ids."""
    return cast("Mapping[str, Any]", row["metadata"] or {})


def recording_of(row: Mapping[str, Any]) -> str | None:
    """Return the path of a video's recording in Storage, None without one in its owner's folder.

    Owners may write metadata: a path must not lead to another's recording.
    """
    path = metadata_of(row).get("recording")
    folder = row["owner_id"] or SHARED
    return path if isinstance(path, str) and path.split("/")[0] == folder else None


def _owned(owner: str | None) -> dict[str, str]:
    return {"owner_id": f"eq.{owner}" if owner else "is.null"}


def _default() -> dict[str, Any]:
    return {
        "id": DEFAULT_COLLECTION,
        "name": "Default collection",
        "description": "Calls of your team.",
    }


def _render_video(row: Mapping[str, Any]) -> dict[str, Any]:
    metadata = cast("dict[str, Any]", row["metadata"] or {})
    return {
        "id": row["video_id"],
        "collection_id": row["collection_id"],
        "name": metadata.get("title") or row["video_id"],
        "description": metadata.get("description") or "",
        "stream_url": metadata.get("stream_url"),
        "player_url": metadata.get("player_url"),
        "length": metadata.get("length"),
        "media": metadata.get("media"),
        "thumbnail_url": metadata.get("thumbnail_url"),
        "created_at": row["created_at"],
    }
