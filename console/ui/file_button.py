"""A button that takes files, chosen or dropped, and shows which one it has taken."""

from collections.abc import Awaitable, Callable
from typing import Final

from nicegui import events, ui

Take = Callable[[events.UploadEventArguments], Awaitable[None]]

_CHOOSE: Final = "() => document.querySelector('#c{id} input[type=file]').click()"
_DROP: Final = """(event) => {{
  event.preventDefault();
  const input = document.querySelector('#c{id} input[type=file]');
  input.files = event.dataTransfer.files;
  input.dispatchEvent(new Event('change', {{ bubbles: true }}));
}}"""


class FileButton:
    """Awaits `take` with each file of at most `most` bytes, and calls `refuse` for larger ones.

    Quasar's own uploader is there but not shown: its button has no name for a screen reader, and
    holds another control.
    """

    def __init__(
        self,
        label: str,
        take: Take,
        refuse: Callable[[], object],
        *,
        most: int,
        accept: str = "",
        multiple: bool = False,
    ) -> None:
        self._take, self._refuse, self._most = take, refuse, most
        with ui.element("div").classes("uploader row-wrap") as box:
            upload = ui.upload(
                multiple=multiple,
                auto_upload=True,
                max_file_size=most,
                on_upload=self._receive,
                on_rejected=refuse,
            )
            upload.props(f'accept="{accept}"').classes("not-shown")
            # A file that was corrected may be chosen again.
            upload.on("uploaded", lambda: upload.run_method("removeUploadedFiles"), args=[])
            button = ui.button(label, icon="upload_file").props("no-caps unelevated")
            button.on("click", js_handler=_CHOOSE.format(id=upload.id))
            self._name = ui.label("or drop it here").classes("dim").props("aria-live=polite")
        box.on("dragover", js_handler="(event) => event.preventDefault()")
        box.on("drop", js_handler=_DROP.format(id=upload.id))

    async def _receive(self, event: events.UploadEventArguments) -> None:
        if event.file.size() > self._most:  # a browser need not heed max_file_size
            self._refuse()
            return
        self._name.set_text(event.file.name)
        await self._take(event)
