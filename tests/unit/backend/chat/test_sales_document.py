"""The combined Markdown of a sales analysis."""

from backend.chat.agents.sales_document import render_document

RESULTS = {
    "analysis": "# Call\nwith ```code```",
    "structured_data": {"sales_techniques": []},
    "voice_prompt": "Hello!",
    "training_data": {"examples": [{"input": "a", "output": "b"}]},
}


def test_sections_in_order_with_fences_that_hold() -> None:
    text = render_document(RESULTS)
    assert text.startswith("## Analysis\n````markdown\n# Call\nwith ```code```\n````")
    assert '## Structured Data\n```json\n{\n  "analysis_data": {' in text
    assert "## Voice Prompt\n```\nHello!\n```" in text
    assert '## Training Data\n```json\n{\n  "examples": [' in text


def test_a_section_without_result_is_left_out() -> None:
    assert render_document({"voice_prompt": "Hi"}) == "## Voice Prompt\n```\nHi\n```"
    assert "## Analysis" not in render_document(RESULTS, ("voice_prompt",))
