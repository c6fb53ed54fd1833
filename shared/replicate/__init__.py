"""Replicate: predictions by its HTTP API, and its signed webhooks."""
