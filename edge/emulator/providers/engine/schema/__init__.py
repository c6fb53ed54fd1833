"""Answers in the shape of any JSON Schema."""
