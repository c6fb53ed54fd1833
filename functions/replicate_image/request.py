"""The body of a request."""

from typing import Any

from pydantic import ConfigDict, Field

from shared.http.body import Input


class ImageInput(Input):
    """A picture to draw, a prediction to read, or the call of the schedule."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)

    prompt: str | None = None
    api_model_id: str | None = Field(default=None, alias="apiModelId")
    job_type: str | None = None
    jobType: str | None = None  # noqa: N815 - the frontend sends it
    quality: str | None = None
    input: dict[str, Any] = Field(default_factory=dict)
    metadata: dict[str, Any] = Field(default_factory=dict)
    prediction_id: str | None = Field(default=None, alias="predictionId", pattern="^[a-z0-9]+$")
    action: str | None = None
