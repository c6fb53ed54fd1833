"""Tables of the console: their columns and keys, their rows page by page, changes, exports."""
