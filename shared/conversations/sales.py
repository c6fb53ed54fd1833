"""What is known of a sales conversation: written by structured-data, read by voice-prompt."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Effectiveness = Literal["high", "medium", "low", "unclear"]
Score = Annotated[int, Field(ge=0, le=100)]


class _Part(BaseModel):
    """A part of the findings: a field that it does not know is an error, not lost silently."""

    model_config = ConfigDict(extra="forbid")


class SalesTechnique(_Part):
    """Something the seller did to move the sale on."""

    name: str
    description: str
    examples: list[str] = Field(description="Verbatim quotes from the transcript.")
    effectiveness: Effectiveness


class CommunicationStrategy(_Part):
    """How the seller spoke and listened."""

    type: str
    description: str
    examples: list[str] = Field(description="Verbatim quotes from the transcript.")
    effectiveness: Effectiveness


class Objection(_Part):
    """What the buyer held against it, and what the seller said then."""

    objection: str = Field(description="Verbatim quote of the buyer.")
    response: str = Field(description="Verbatim quote of the seller's answer.")
    examples: list[str] = Field(description="Verbatim quotes from the transcript.")
    effectiveness: Effectiveness


class Guideline(_Part):
    """Advice for a voice agent that holds such conversations."""

    type: Literal["do", "dont"]
    description: str
    context: str


class KeyMetrics(_Part):
    """Scores from 0 to 100; null where the conversation gives no ground for one."""

    engagement_level: Score | None
    objection_handling_score: Score | None
    communication_clarity: Score | None


class Findings(BaseModel):
    """The four arrays that every reader may count on."""

    sales_techniques: list[SalesTechnique]
    communication_strategies: list[CommunicationStrategy]
    objection_handling: list[Objection]
    voice_agent_guidelines: list[Guideline]


class StructuredData(Findings):
    """As stored."""

    key_metrics: KeyMetrics | None = None
