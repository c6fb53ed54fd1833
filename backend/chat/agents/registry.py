"""Registry of agents: every module of this folder that has a subclass of Agent."""

import importlib
import pkgutil
import re
from collections.abc import Mapping
from functools import cache
from typing import Final

import backend.chat.agents as folder
from backend.chat.agents.agent import Agent
from backend.chat.messages import Message

DEFAULT: Final = "assistant"
_MENTION: Final = re.compile(r"(?<![\w@.])@([a-z][a-z0-9_]{1,63})\b")
_OPTION: Final = re.compile(r"(?<!\S)([a-z_]{2,32})=(\"[^\"]*\"|\S+)")


class UnknownAgentError(Exception):
    """The message names an agent that is not there."""


@cache
def agents() -> Mapping[str, Agent]:
    """Return the agents by name."""
    names = [f"{folder.__name__}.{module.name}" for module in pkgutil.iter_modules(folder.__path__)]
    found = [each for name in names for each in _find_agents(name)]
    return {each.name: each() for each in sorted(found, key=lambda each: each.name)}


def _find_agents(name: str) -> list[type[Agent]]:
    """Return the agents that a module defines."""
    return [
        value
        for value in vars(importlib.import_module(name)).values()
        if isinstance(value, type) and issubclass(value, Agent) and value.__module__ == name
        if value is not Agent
    ]


def choose_agent(message: Message) -> tuple[Agent, str, dict[str, str]]:
    """Return the agent of a message, its text without @name and options, and the options.

    The one that the text mentions comes before the one that the client chose. Raises
    UnknownAgentError.
    """
    text = message.text
    mentioned = [name for name in _MENTION.findall(text) if name in agents()]
    unknown = [
        name for name in (*_MENTION.findall(text)[:1], *message.agents) if name not in agents()
    ]
    chosen = mentioned or [name for name in message.agents if name in agents()]
    if unknown and not chosen:
        raise UnknownAgentError(
            f"There is no agent @{unknown[0]}. There are: {', '.join(f'@{n}' for n in agents())}."
        )
    agent = agents()[chosen[0] if chosen else DEFAULT]
    rest = _MENTION.sub(lambda found: "" if found[1] in agents() else found[0], text)
    options = {
        key: value.strip('"') for key, value in _OPTION.findall(rest) if key in agent.parameters
    }
    rest = _OPTION.sub(lambda found: "" if found[1] in agent.parameters else found[0], rest)
    return agent, rest.strip(), options
