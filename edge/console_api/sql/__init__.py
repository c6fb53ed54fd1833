"""SQL of the console: statements and rows as any role, in bounded time, rows and bytes."""
