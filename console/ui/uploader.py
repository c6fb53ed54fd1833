"""A field that takes files of any size, and sends them in parts with their progress."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from nicegui.element import Element

from console.view import BASE

_PART_BYTES: Final = 6 << 20


class Uploader(Element, component="uploader.js"):
    """Stores files in a folder of a bucket of Storage by TUS; see `console/uploads.py`."""

    def __init__(self, label: str, bucket: str, folder: str) -> None:
        super().__init__()
        self.props["label"] = label
        self.props["library"] = f"{BASE}/static/tus.min.js"
        self.props["endpoint"] = f"{BASE}/upload/storage"
        self.props["bucket"] = bucket
        self.props["folder"] = folder
        self.props["part"] = _PART_BYTES
        self.send_as({})

    def send_as(self, headers: Mapping[str, str]) -> None:
        """Send these headers with later files."""
        self.props["headers"] = dict(headers)

    def on_stored(self, handle: Callable[..., Any]) -> None:
        """Call `handle` after each file."""
        self.on("stored", handle)
