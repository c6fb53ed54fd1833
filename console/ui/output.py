"""A box for text that arrives in parts, such as a streaming answer."""

from nicegui.element import Element

from console.ui.text import visible


class Output(Element, component="output.js"):
    """Shows the first `most` characters that are appended."""

    def __init__(self, label: str, most: int = 200_000) -> None:
        super().__init__()
        self.props["label"] = label
        self.props["most"] = most

    def append(self, text: str) -> None:
        """Add text at the end."""
        self.run_method("append", visible(text))

    def reset(self) -> None:
        """Remove all text."""
        self.run_method("reset")
