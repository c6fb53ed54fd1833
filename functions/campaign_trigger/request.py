"""The request body: an action and its arguments."""

from typing import Annotated, Final
from uuid import UUID

from pydantic import Field, field_validator

from shared.errors import BadInputError
from shared.http.body import Input

CHANGES: Final = (
    "start_campaign",
    "pause_campaign",
    "resume_campaign",
    "cancel_campaign",
    "retry_failed",
)
DIALLING: Final = ("start_campaign", "resume_campaign", "retry_failed")
PROCESS_BATCH: Final = "process_batch"
GET_STATUS: Final = "get_status"
SCHEDULE_CHECK: Final = "schedule_check"
ACTIONS: Final = (*CHANGES, PROCESS_BATCH, GET_STATUS, SCHEDULE_CHECK)


class TriggerInput(Input):
    """`campaign_id` is for every action but schedule_check, `batch_size` for process_batch."""

    action: str
    campaign_id: UUID | None = None
    batch_size: Annotated[int, Field(ge=1, le=100)] = 10
    organization_id: UUID | None = None

    @field_validator("action")
    @classmethod
    def _is_known(cls, action: str) -> str:
        if action not in ACTIONS:
            raise ValueError(f"unknown action; known actions are {', '.join(ACTIONS)}")
        return action

    def require_campaign(self) -> UUID:
        if self.campaign_id is None:
            raise BadInputError(f"{self.action} needs a campaign_id.", code="CAMPAIGN_ID_MISSING")
        return self.campaign_id
