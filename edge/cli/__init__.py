"""The `edge` command."""

from edge.cli.exit import main

__all__ = ["main"]
