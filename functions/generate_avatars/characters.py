"""Characters whose portraits are drawn."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from shared.context import Context

_WITHOUT_NAMES: Final = 5
_LONGEST: Final = 1_000
_COLUMNS: Final = "id, name, description, appearance_tags"

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Character:
    """A row of characters."""

    id: str
    name: str
    description: str
    appearance: str

    @property
    def slug(self) -> str:
        """The name in Latin letters, and the start of the id, so that no two are alike."""
        plain = unicodedata.normalize("NFKD", self.name).encode("ascii", "ignore").decode()
        letters = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:60]
        return f"{letters or 'character'}-{self.id[:8]}"

    def portrait(self, style: str) -> str:
        """Return the prompt."""
        parts = (f"portrait of {self.name}", self.description, self.appearance, style)
        return ", ".join(part.strip()[:_LONGEST] for part in parts if part.strip())


async def find_characters(
    ctx: Context, names: Sequence[str] | None
) -> tuple[list[Character], list[str]]:
    """Return the oldest character of each name, or some without a picture; and unknown names."""
    query = ctx.admin.table("characters").select(_COLUMNS)
    if names is None:
        query = query.is_("image_url", "null").order("created_at").limit(_WITHOUT_NAMES)
        return [_read(row) for row in cast("list[Row]", (await query.execute()).data)], []
    query = query.in_("name", list(set(names))).order("created_at", desc=True)
    rows = cast("list[Row]", (await query.execute()).data)
    by_name = {row["name"]: _read(row) for row in rows}
    wanted = list(dict.fromkeys(names))
    return (
        [by_name[name] for name in wanted if name in by_name],
        [name for name in wanted if name not in by_name],
    )


async def set_picture(ctx: Context, character: Character, image_url: str) -> None:
    """Name the picture in the character's row."""
    query = ctx.admin.table("characters").update({"image_url": image_url})
    await query.eq("id", character.id).execute()


def _read(row: Row) -> Character:
    return Character(
        row["id"], row["name"], row["description"] or "", ", ".join(row["appearance_tags"] or ())
    )
