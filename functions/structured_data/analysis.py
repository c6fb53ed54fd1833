"""What OpenAI is asked for: the structured data and a text for people."""

from pydantic import Field

from shared.conversations.sales import Findings, KeyMetrics


class Analysis(Findings):
    """The answer's schema."""

    analysis: str = Field(description="The analysis for a sales team to read, in Markdown.")
    key_metrics: KeyMetrics
