"""Delete an asset of the workspace with its files.

POST {item_id, user_id?}: 200 {success, deleted_item_id, timestamp}. The user is the token's;
another user_id is 403 USER_MISMATCH. With a secret key user_id is needed.
400 INVALID_BODY, USER_MISSING · 404 ASSET_NOT_FOUND · 502, 503 STORAGE_….
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic import AliasChoices, ConfigDict, Field

from shared.context import Context
from shared.endpoint import endpoint
from shared.errors import BadInputError, ForbiddenError, NotFoundError
from shared.http.body import Input
from shared.media.workspace import delete_assets, fetch_assets
from shared.monitoring.monitor import monitored


class DeleteInput(Input):
    """Which asset, and whose the caller takes it to be."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)

    item_id: UUID = Field(validation_alias=AliasChoices("item_id", "itemId", "assetId"))
    user_id: UUID | None = Field(default=None, validation_alias=AliasChoices("user_id", "userId"))


@endpoint(auth=("user", "secret"), methods=("POST", "DELETE"), body=DeleteInput)
async def main(ctx: Context, body: DeleteInput) -> dict[str, Any]:
    """Find the owner's asset, delete files and row."""
    with monitored(ctx):
        assets = await fetch_assets(ctx, _owner(ctx, body), id=str(body.item_id))
        if not assets:
            raise NotFoundError("Asset not found", code="ASSET_NOT_FOUND")
        await delete_assets(ctx, assets)
        return {
            "success": True,
            "deleted_item_id": str(body.item_id),
            "timestamp": datetime.now(UTC).isoformat(),
        }


def _owner(ctx: Context, body: DeleteInput) -> str:
    named = str(body.user_id) if body.user_id else None
    if ctx.user_id is not None:
        if named and named != ctx.user_id:
            raise ForbiddenError("user_id is not the caller's.", code="USER_MISMATCH")
        return ctx.user_id
    if named is None:
        raise BadInputError("A service must name the user_id.", code="USER_MISSING")
    return named
