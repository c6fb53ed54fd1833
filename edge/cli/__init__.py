"""The `edge` command."""

from edge.cli.entry import main

__all__ = ["main"]
