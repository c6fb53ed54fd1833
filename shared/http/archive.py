"""Bounds of office documents, which are ZIP archives of XML: what they unpack to, and entities."""

import re
import zipfile
from typing import IO, Final

from shared.errors import BadInputError, TooLargeError

_MOST_ENTRIES: Final = 5000
_PROLOG: Final = 4096
_DOCTYPE: Final = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)
_XML: Final = (".xml", ".rels", ".vml")


def check_archive(file: IO[bytes], *, max_bytes: int, code: str = "DOCUMENT_TOO_LARGE") -> None:
    """Return if the archive unpacks to at most `max_bytes` and declares no entities.

    Raises TooLargeError with `code`, or BadInputError INVALID_ARCHIVE. The file is then at its
    beginning. Python's zipfile reads no more of an entry than it declares.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            unpacked = sum(entry.file_size for entry in entries)
            if len(entries) > _MOST_ENTRIES or unpacked > max_bytes:
                raise TooLargeError(
                    f"The document unpacks to {unpacked >> 20:,} MB in {len(entries):,} files;"
                    f" {max_bytes >> 20} MB in {_MOST_ENTRIES:,} is the most.",
                    code=code,
                )
            for entry in entries:
                if entry.flag_bits & 1:
                    raise _invalid("it has a password")
                if entry.filename.lower().endswith(_XML):
                    with archive.open(entry) as part:
                        if _DOCTYPE.search(part.read(_PROLOG).replace(b"\0", b"")):
                            raise _invalid(f"{entry.filename[:60]} declares entities")
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, RuntimeError) as exc:
        raise _invalid(str(exc)[:100]) from None
    file.seek(0)


def _invalid(problem: str) -> BadInputError:
    return BadInputError(
        f"The document cannot be read: {problem}. Save it anew in the format that its name says"
        " (.docx, .pptx or .xlsx; the older .doc, .ppt and .xls are not read).",
        code="INVALID_ARCHIVE",
    )
