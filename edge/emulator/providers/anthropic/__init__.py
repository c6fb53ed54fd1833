"""Emulated Anthropic API (https://platform.claude.com/docs/en/api), answered by the engine."""
