"""The body of workspace-actions: an action with its own fields."""

from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints

from shared.errors import BadInputError
from shared.http.body import Input

ACTIONS: Final = (
    "save_to_library",
    "clear_asset",
    "discard_asset",
    "clear_job",
    "clear_workspace",
    "copy_to_workspace",
    "delete_from_library",
)
_NEEDED: Final = {
    "save_to_library": "assetId",
    "clear_asset": "assetId",
    "discard_asset": "assetId",
    "clear_job": "jobId",
    "copy_to_workspace": "libraryAssetId",
    "delete_from_library": "libraryAssetId",
}

Tag = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class ActionInput(Input):
    """What to do, with which asset."""

    model_config = ConfigDict(extra="ignore")

    action: str = ""
    asset_id: UUID | None = Field(default=None, alias="assetId")
    job_id: UUID | None = Field(default=None, alias="jobId")
    library_asset_id: UUID | None = Field(default=None, alias="libraryAssetId")
    custom_title: str | None = Field(default=None, alias="customTitle", max_length=500)
    collection_id: UUID | None = Field(default=None, alias="collectionId")
    tags: list[Tag] | None = Field(default=None, max_length=100)

    def subject(self) -> str:
        """Return the id that the action is about. Raises BadInputError if it is missing."""
        name = _NEEDED.get(self.action)
        given = {
            "assetId": self.asset_id,
            "jobId": self.job_id,
            "libraryAssetId": self.library_asset_id,
        }
        if name is None:
            return ""
        if given[name] is None:
            raise BadInputError(f"The action {self.action} needs {name}.", code="ID_MISSING")
        return str(given[name])


Kind = Literal["asset", "job", "workspace"]


def invalid_action(action: str) -> BadInputError:
    """Build the error for an action that does not exist."""
    return BadInputError(
        f"Invalid action{f' {action[:50]!r}' if action else ''}; use {', '.join(ACTIONS)}.",
        code="INVALID_ACTION",
    )
