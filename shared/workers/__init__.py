"""The registry of workers: what draws, chats or enhances, and how it is reached."""
