"""What agents write."""

from backend.chat.agents.compare import render_comparison
from backend.chat.agents.registry import agents
from backend.chat.agents.summarize import render_summary

FOUND = {
    "analysis": "# Call\n\nBob has no budget.\n\n## More\n\nAnn asked why.",
    "objection_handling": [
        {"objection": "Too dear | really", "response": "I see", "effectiveness": "high"}
    ],
    "sales_techniques": [{"name": "open questions", "effectiveness": "low"}],
    "communication_strategies": [],
    "key_metrics": {"engagement_level": 40, "objection_handling_score": None},
}


def test_each_agent_is_a_file() -> None:
    names = {"assistant", "compare", "help", "sales_prompt_extractor", "search", "summarize"}
    assert names | {"transcription"} == set(agents())


def test_a_summary_has_only_what_is_there() -> None:
    text = render_summary(FOUND)
    assert "Bob has no budget.\n\nAnn asked why." in text
    assert "“Too dear | really” → “I see”" in text
    assert "open questions (low)" in text
    assert "Engagement level: 40" in text
    assert "None" not in text
    assert render_summary({}) == "## Summary"


def test_a_comparison_is_a_table() -> None:
    lines = render_comparison(("One", "Two"), [FOUND, {}]).splitlines()
    assert lines[2] == "|  | One | Two |"
    assert "| Engagement level | 40 | – |" in lines
    assert "| Objections | Too dear \\| really | – |" in lines
