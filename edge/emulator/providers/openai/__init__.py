"""Emulated OpenAI API (https://platform.openai.com/docs/api-reference), answered by the engine."""
