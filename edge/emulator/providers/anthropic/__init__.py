"""Anthropic on the wire, answered by the language engine."""
