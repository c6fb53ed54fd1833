"""What keeps a deployment from being made."""

from edge.errors import EdgeError


class DeployError(EdgeError):
    """The command was right, but what it asks for cannot be done or went wrong; exit status 1."""
