"""Agent: what a file in this folder provides, and what it gets for one message."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from backend.chat.functions import Functions
from backend.chat.library import Library
from backend.chat.messages import Message, Output


@dataclass(slots=True)
class Turn:
    """One message and its output.

    `text` is the message without @name and options; `stages` are results of an interrupted run.
    """

    message: Message
    text: str
    options: Mapping[str, str]
    owner: str | None
    output: Output
    stages: dict[str, Any]
    context: dict[str, Any]
    library: Library
    functions: Functions
    publish: Callable[[], Awaitable[None]]
    record: Callable[[str, Mapping[str, Any]], Awaitable[None]]
    request_id: str = field(default="")

    async def progress(self, action: str) -> None:
        """Add a step and send the output as it is now."""
        self.output.step(action)
        await self.publish()

    async def stage(
        self, name: str, action: str, work: Callable[[], Awaitable[Mapping[str, Any]]]
    ) -> Mapping[str, Any]:
        """Return the stored result of a stage, or run it, store its result and return that."""
        if name not in self.stages:
            await self.progress(action)
            result = dict(await work())
            await self.record(name, result)
            self.stages[name] = result
        else:
            self.output.step(action)
        return self.stages[name]


class AgentError(Exception):
    """The message cannot be answered; `text` is shown to the user, `code` goes to metadata."""

    def __init__(self, text: str, code: str) -> None:
        super().__init__(text)
        self.text = text
        self.code = code


class Agent(ABC):
    """Answers messages; `name` is what follows @."""

    name: ClassVar[str]
    description: ClassVar[str]
    parameters: ClassVar[Mapping[str, str]] = {}

    @abstractmethod
    async def run(self, turn: Turn) -> None:
        """Fill `turn.output`; its status becomes success unless set. Raises AgentError."""
