"""Finding a video and storing what was made of it, as far as the caller's row security goes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID

from shared.context import Context
from shared.errors import NotFoundError

Row = dict[str, Any]


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


async def require_video(ctx: Context, video_id: UUID) -> None:
    """Return if the caller can see the video, else raise: somebody else's is as good as none."""
    query = ctx.caller.table("videos").select("id").eq("id", str(video_id))
    if not (await query.execute()).data:
        raise NotFoundError(f"There is no video {video_id}.", code="VIDEO_NOT_FOUND")


async def store_outputs(ctx: Context, video_id: UUID, outputs: Sequence[Output]) -> dict[str, str]:
    """Store the outputs of a run together; the new rows' ids by output type."""
    rows = [output.render() for output in outputs]
    call = ctx.caller.rpc("store_outputs_v1", {"video": str(video_id), "outputs": rows})
    stored = cast("list[Row]", (await call.execute()).data)
    return {row["output_type"]: row["id"] for row in stored}
