"""Which agent a message is for, and its options."""

import sys
from pathlib import Path

import pytest

from backend.chat.agents import registry
from backend.chat.agents.help import render_help
from backend.chat.agents.registry import UnknownAgentError, agents, choose_agent
from backend.chat.messages import Message


def given(text: str, *names: str) -> Message:
    return Message.model_validate({"content": [{"type": "text", "text": text}], "agents": [*names]})


def test_every_agent_says_what_it_does() -> None:
    assert {"assistant", "sales_prompt_extractor"} <= set(agents())
    assert all(agent.description.endswith(".") for agent in agents().values())


@pytest.mark.parametrize(
    ("message", "name", "text"),
    [
        (given("hello"), "assistant", "hello"),
        (given("@sales_prompt_extractor"), "sales_prompt_extractor", ""),
        (given("please @sales_prompt_extractor now"), "sales_prompt_extractor", "please  now"),
        (given("", "sales_prompt_extractor"), "sales_prompt_extractor", ""),
        (given("@assistant hi", "sales_prompt_extractor"), "assistant", "hi"),
        (
            given("mail me@sales_prompt_extractor.com"),
            "assistant",
            "mail me@sales_prompt_extractor.com",
        ),
    ],
)
def test_the_mention_chooses(message: Message, name: str, text: str) -> None:
    agent, rest, _ = choose_agent(message)
    assert (agent.name, rest) == (name, text)


_POET = """
from backend.chat.agents.agent import Agent, Turn


class Poet(Agent):
    name = "poet"
    description = "Writes verses."

    async def run(self, turn: Turn) -> None:
        turn.output.text = "A rose."
"""


def test_an_agent_is_added_by_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "poet.py").write_text(_POET)
    monkeypatch.setattr(registry.folder, "__path__", [*registry.folder.__path__, str(tmp_path)])
    agents.cache_clear()
    try:
        agent, _, _ = choose_agent(given("@poet write"))
        assert (agent.name, agents()["poet"]) == ("poet", agent)
        assert "`@poet` Writes verses." in render_help()
    finally:
        agents.cache_clear()
        sys.modules.pop("backend.chat.agents.poet", None)


def test_options_are_read_where_the_agent_has_them() -> None:
    _, rest, options = choose_agent(
        given('@sales_prompt_extractor video_id="a b" output_format=text x=1')
    )
    assert options == {"video_id": "a b", "output_format": "text"}
    assert rest == "x=1"


@pytest.mark.parametrize("message", [given("@poet write"), given("write", "poet")])
def test_an_unknown_agent_is_refused(message: Message) -> None:
    with pytest.raises(UnknownAgentError, match="no agent @poet"):
        choose_agent(message)
