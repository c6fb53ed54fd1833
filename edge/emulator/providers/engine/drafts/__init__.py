"""Drafts of well-known document shapes: a sales analysis, a voice agent prompt, a talk track."""
