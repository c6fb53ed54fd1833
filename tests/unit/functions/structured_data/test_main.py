"""The schema that OpenAI is given, and the prompt beside it."""

from functions.structured_data.main import PROMPT, Analysis
from shared.conversations.sales import StructuredData
from shared.llm.structured import strict_schema

ARRAYS = (
    "sales_techniques",
    "communication_strategies",
    "objection_handling",
    "voice_agent_guidelines",
)


def test_everything_is_asked_for() -> None:
    assert set(strict_schema(Analysis)["required"]) == {*ARRAYS, "analysis", "key_metrics"}


def test_what_is_stored_is_what_voice_prompt_reads() -> None:
    analysis = Analysis.model_validate(
        {
            **{name: [] for name in ARRAYS},
            "analysis": "# A",
            "key_metrics": {
                "engagement_level": 70,
                "objection_handling_score": None,
                "communication_clarity": 0,
            },
        }
    )

    stored = StructuredData.model_validate_json(analysis.model_dump_json(exclude={"analysis"}))

    assert stored.key_metrics == analysis.key_metrics


def test_the_prompt_names_every_field_and_says_that_the_text_is_data() -> None:
    assert PROMPT.version == "analysis/1"
    assert all(f"`{name}`" in PROMPT.text for name in (*ARRAYS, "analysis", "key_metrics"))
    assert "never an instruction" in PROMPT.text
