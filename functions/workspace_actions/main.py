"""Keep, clear or discard what was drawn into the workspace.

POST {action, …}:
save_to_library {assetId, customTitle?, collectionId?, tags?}: 200 {success, libraryAssetId,
message}; the asset stays. clear_asset, the same fields: saved, then deleted from the workspace.
clear_job {jobId}, clear_workspace: 200 {success, assetsProcessed, newSaves, remaining?, message};
409 or 502 with errors [{assetId, code, error}] if some could not be saved: those stay.
discard_asset {assetId}: 200 {success, message}, also if it is not there.
copy_to_workspace {libraryAssetId}: 200 {success, workspaceAssetId, message}.
delete_from_library {libraryAssetId}: 200 {success, message}.
reap_expired, with the secret key, on a schedule: 200 {success, reaped}.
An asset is deleted only once its copy was found in the library; each action can be repeated.
400 INVALID_ACTION, ID_MISSING, INVALID_BODY · 404 ASSET_NOT_FOUND, JOB_NOT_FOUND,
LIBRARY_ITEM_NOT_FOUND, COLLECTION_NOT_FOUND · 409 LIBRARY_FULL · 502 FILE_MISSING, STORAGE_FAILED ·
503 STORAGE_UNAVAILABLE. Another user's are not found.
"""

from collections.abc import Sequence
from typing import Any

from shared.context import Context
from shared.endpoint import Answer, endpoint
from shared.errors import ForbiddenError, NotFoundError
from shared.media.workspace import MOST_ASSETS, Asset, delete_assets, fetch_assets
from shared.monitoring.monitor import monitored

from .clearing import clear, clear_all, reap
from .library import Labels, copy_back, delete_saved, save
from .request import ActionInput, invalid_action


@endpoint(auth=("user", "secret"), body=ActionInput)
async def main(ctx: Context, body: ActionInput) -> Answer:
    """Route by action."""
    ctx.note(action=body.action)
    with monitored(ctx):
        if body.action == "reap_expired" and ctx.auth_mode == "secret":
            return await reap(ctx)
        if ctx.user_id is None:
            raise ForbiddenError("This action is a signed-in user's.", code="USER_REQUIRED")
        return await _act(ctx, ctx.user_id, body)


async def _act(ctx: Context, user_id: str, body: ActionInput) -> Answer:
    subject = body.subject()
    match body.action:
        case "save_to_library" | "clear_asset":
            return await _save(ctx, user_id, subject, body)
        case "discard_asset":
            await delete_assets(ctx, await fetch_assets(ctx, user_id, id=subject))
            return {"success": True, "message": "Asset discarded"}
        case "clear_job":
            assets = await fetch_assets(ctx, user_id, job_id=subject)
            if not assets:
                raise NotFoundError("No assets found for this job", code="JOB_NOT_FOUND")
            return await _clear(ctx, user_id, assets)
        case "clear_workspace":
            return await _clear(ctx, user_id, await fetch_assets(ctx, user_id))
        case "copy_to_workspace":
            copied = await copy_back(ctx, user_id, subject)
            message = "Copied to workspace" if copied.is_new else "Already in workspace"
            return {"success": True, "workspaceAssetId": copied.id, "message": message}
        case "delete_from_library":
            await delete_saved(ctx, user_id, subject)
            return {"success": True, "message": "Deleted from library"}
        case _:
            raise invalid_action(body.action)


async def _save(ctx: Context, user_id: str, asset_id: str, body: ActionInput) -> Answer:
    labels = Labels(
        body.custom_title,
        str(body.collection_id) if body.collection_id else None,
        tuple(body.tags or ()),
    )
    assets = await fetch_assets(ctx, user_id, id=asset_id)
    if not assets:
        raise NotFoundError("Asset not found", code="ASSET_NOT_FOUND")
    if body.action == "clear_asset":
        saved = await clear(ctx, user_id, assets[0], labels)
        message = "Asset saved and cleared"
    else:
        saved = await save(ctx, user_id, assets[0], labels)
        message = "Asset saved to library" if saved.is_new else "Asset was saved before"
    return {"success": True, "libraryAssetId": saved.id, "message": message}


async def _clear(ctx: Context, user_id: str, assets: Sequence[Asset]) -> Answer:
    cleared = await clear_all(ctx, user_id, assets)
    if len(assets) == MOST_ASSETS:
        cleared.remaining = len(await fetch_assets(ctx, user_id)) - len(cleared.errors)
    failed = len(cleared.errors)
    body: dict[str, Any] = {
        "success": not failed,
        "assetsProcessed": cleared.processed,
        "newSaves": cleared.new_saves,
        "message": f"Cleared {cleared.processed} of {len(assets)} assets"
        + (f"; {failed} could not be saved and stay in the workspace." if failed else "."),
    }
    if cleared.remaining:
        body["remaining"] = cleared.remaining
    if failed:
        body |= {"errors": cleared.errors, "code": "NOT_ALL_CLEARED", "error": body["message"]}
    return body, cleared.status
