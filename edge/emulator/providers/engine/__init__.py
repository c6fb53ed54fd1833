"""The language engine: deterministic, extractive, honest about it."""
