"""The command's exit statuses; `edge --help` names them."""

from typing import Final

FAILED: Final = 1
"""What was asked about failed."""
OPERATOR_ERROR: Final = 2
"""Wrong usage, or something to mend."""
INTERRUPTED: Final = 130
"""Ctrl-C."""
