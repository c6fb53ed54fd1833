"""Word documents, as Google Meet and Teams export transcripts: the text of their paragraphs."""

import zipfile
from io import BytesIO
from typing import Final

from backend.transcripts.turns import TranscriptError

_MOST_BYTES: Final = 50_000_000


def read_docx(content: bytes) -> str:
    """Return the paragraphs and table rows, a line each. Raises TranscriptError."""
    from docx import Document  # here, so that other formats need not import it
    from docx.table import Table

    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _MOST_BYTES:
                raise TranscriptError(f"holds more than {_MOST_BYTES // 10**6} MB")
        document = Document(BytesIO(content))
    except (zipfile.BadZipFile, KeyError, ValueError) as exc:
        raise TranscriptError("is not a Word document (.docx)") from exc
    lines: list[str] = []
    for block in document.iter_inner_content():
        if isinstance(block, Table):
            lines += ["\t".join(cell.text.strip() for cell in row.cells) for row in block.rows]
        else:
            lines.append(block.text)
    return "\n".join(lines).replace("\v", "\n")
