"""@help: what can be asked, and all agents with their parameters."""

from backend.chat.agents.agent import Agent, Turn
from backend.chat.agents.registry import agents


class Help(Agent):
    """Lists the agents that are there."""

    name = "help"
    description = "Says what you can ask, and which agents there are."

    async def run(self, turn: Turn) -> None:
        """Show the list."""
        turn.output.text = render_help()


def render_help() -> str:
    """Return Markdown: examples, and a line for each agent."""
    lines = [_describe(agent) for agent in agents().values()]
    return (
        "Ask about your calls, for example *What did the customer say about the price?*, or choose"
        " an agent:\n\n" + "\n".join(lines) + "\n\n`list calls` shows what is in the library."
        " Drop a transcript or a recording on this page to add a call."
    )


def _describe(agent: Agent) -> str:
    names = ", ".join(f"`{name}=`" for name in agent.parameters)
    options = f" Options: {names}." if names else ""
    return f"- `@{agent.name}` {agent.description}{options}"
