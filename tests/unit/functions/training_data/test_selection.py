"""Examples: complete, grounded, different, of several types."""

from functions.training_data.examples import Example, classify, draw_from_turns
from functions.training_data.selection import select
from functions.training_data.sources import Chunk, Sources
from functions.training_data.transcript import Turn, find_seller, parse_turns

TRANSCRIPT = """Agent: What brings you here today?
Bea Long: We lose calls because nobody owns the queue.
Agent: How many calls do you lose each week, roughly?
Bea Long: About forty, and my email is bea@example.com by the way.
Agent: Thank you, I will send the numbers to bea@example.com tomorrow.
Bea Long: That is too expensive for our budget this year.
Agent: Then let us start with one team and pay by use."""
TURNS = parse_turns(TRANSCRIPT)


def example(given: str, output: str, kind: str = "discovery") -> Example:
    return Example.model_validate({"input": given, "output": output, "type": kind, "context": ""})


def test_pairs_of_the_transcript() -> None:
    drawn = draw_from_turns(TURNS)
    assert [(each.input[:10], each.type) for each in drawn] == [
        ("We lose ca", "discovery"),
        ("About fort", "follow_up"),
        ("That is to", "pricing"),
    ]


def test_bad_candidates_are_dropped_and_counted() -> None:
    candidates = [
        example("", "How many calls do you lose each week, roughly?"),
        example("We lose calls.", "Our quantum blockchain doubles revenue overnight."),
        example("bea@example.com", "How many calls do you lose each week, roughly?"),
        example("We lose calls.", "How many calls do you lose each week, roughly?"),
        example("We lose calls!", "How many calls do you lose each week, roughly?"),
        example("We lose calls because nobody…", "We lose calls because nobody."),
    ]
    found = select(TURNS, candidates, 10, Sources([]))
    assert [row["input"] for row in found.rows] == ["We lose calls."]
    assert found.dropped == {
        "incomplete": 1,
        "ungrounded": 1,
        "pii_only": 1,
        "duplicate": 2,
        "over_quota": 0,
    }


def test_personal_data_is_replaced_and_counted() -> None:
    found = select(TURNS, draw_from_turns(TURNS), 10, Sources([]))
    assert "bea@example.com" not in str(found.rows)
    assert found.pii["EMAIL"] == 2


def test_an_example_names_the_chunks_in_which_its_answer_stands() -> None:
    lines = TRANSCRIPT.splitlines()
    parts = ("\n".join(lines[:4]), "\n".join(lines[2:5]), "\n".join(lines[5:]))
    sources = Sources([Chunk(f"c{number}", text) for number, text in enumerate(parts)])
    found = select(TURNS, draw_from_turns(TURNS), 10, sources)
    assert [row["chunk_ids"] for row in found.rows] == [["c0", "c1"], ["c1"], ["c2"]]
    assert sources.find("How many CALLS -- do you lose") == ["c0", "c1"]
    assert sources.find("let us begin with a team and pay") == ["c2"]
    assert Sources([]).find("anything") == []


def test_one_type_does_not_crowd_out_the_others() -> None:
    texts = [f"Question number {word}?" for word in ("one", "two", "three", "four", "five", "six")]
    turns = [turn for text in texts for turn in (Turn("C", text), Turn("Agent", f"Answer: {text}"))]
    candidates = [example(text, f"Answer: {text}", "pricing") for text in texts]
    candidates.append(example("Question number six?!", "Answer: question six.", "closing"))
    found = select(turns, candidates, 6, Sources([]))
    assert "closing" in {row["type"] for row in found.rows}
    assert len(found.rows) == 5


def test_sellers_and_types() -> None:
    assert find_seller(TURNS) == "Agent"
    assert find_seller(parse_turns("Ann: Hi\nBo: I will talk much more than she does")) == "Bo"
    assert classify("What does it cost?") == "pricing"
    assert classify("Does it run on Linux?") == "product_question"
