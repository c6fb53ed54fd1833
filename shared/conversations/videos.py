"""Finding a video and storing what was made of it, as far as the caller's row security goes."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, cast
from uuid import UUID

from pydantic import StringConstraints

from shared.context import Context
from shared.errors import ConflictError, NotFoundError

Row = dict[str, Any]
VideoReference = Annotated[str, StringConstraints(min_length=1, max_length=256)]
"""A video's uuid, or its source's own identifier."""
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_MOST_NAMED: Final = 20


@dataclass(frozen=True, slots=True)
class Output:
    """A row to be of generated_outputs."""

    output_type: str
    content: str
    metadata: Mapping[str, Any] = field(default_factory=dict[str, Any])
    training_data: Sequence[Mapping[str, Any]] | None = None

    def render(self) -> dict[str, Any]:
        """Return the row for store_outputs_v1."""
        return {
            "output_type": self.output_type,
            "content": self.content,
            "metadata": dict(self.metadata),
            "training_data": self.training_data,
        }


async def find_video(ctx: Context, reference: str) -> UUID:
    """Return the uuid of a video that the caller can see, and note it in the log.

    Raises NotFoundError, also for somebody else's; ConflictError if several collections have the
    source's identifier.
    """
    is_uuid = bool(_UUID.fullmatch(reference))
    if is_uuid:
        ctx.note(video_id=reference.lower())
    query = ctx.caller.table("videos").select("id").limit(_MOST_NAMED)
    if is_uuid:
        query = query.or_(f"id.eq.{reference},video_id.eq.{reference}")
    else:
        query = query.eq("video_id", reference)
    found = [str(row["id"]) for row in cast("list[Row]", (await query.execute()).data)]
    if not found:
        raise NotFoundError(f"There is no video {reference}.", code="VIDEO_NOT_FOUND")
    if len(found) > 1 and reference.lower() not in found:
        raise ConflictError(
            f"Several collections have a video {reference}: name the one that is meant by its"
            " uuid, as process-transcript answers it.",
            code="VIDEO_AMBIGUOUS",
            metadata={"video_uuids": sorted(found)},
        )
    chosen = UUID(reference if reference.lower() in found else found[0])
    ctx.note(video_id=str(chosen))
    return chosen


async def store_outputs(ctx: Context, video_id: UUID, outputs: Sequence[Output]) -> dict[str, str]:
    """Store the outputs of a run together; the new rows' ids by output type."""
    rows = [output.render() for output in outputs]
    call = ctx.caller.rpc("store_outputs_v1", {"video": str(video_id), "outputs": rows})
    stored = cast("list[Row]", (await call.execute()).data)
    return {row["output_type"]: row["id"] for row in stored}
