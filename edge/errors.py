"""Errors for a person at the terminal: what is wrong, and the command that cures it."""


class EdgeError(Exception):
    """Something the operator can mend; printed as a message and its cure, never a traceback."""

    def __init__(self, message: str, *, cure: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.cure = cure

    def __str__(self) -> str:
        return f"{self.message}\n  {self.cure}" if self.cure else self.message


class DeployError(EdgeError):
    """A valid command that cannot be carried out, or failed; the exit status is 1."""
