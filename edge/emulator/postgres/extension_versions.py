"""Create extensions in the version that is here where a project names another.

`supabase db diff` writes the hosted project's versions into migrations.
"""

import re
from dataclasses import replace
from typing import Final

from edge.emulator.postgres.execute import StatementError
from edge.emulator.postgres.script import Script

_NOT_THERE: Final = "22023"
_MESSAGE: Final = re.compile(
    r'extension "[^"]+" has no (?:installation script nor )?update path\b.* version'
)
_CLAUSE: Final = re.compile(
    r"""(?P<create>\bcreate\s+extension\b[^;]*?)\bversion\s+=?\s*(?:'[^']*'|"[^"]*"|[\w.]+)
      | (?P<update>\balter\s+extension\b[^;]*?\bupdate)\s+to\s+(?:'[^']*'|"[^"]*"|[\w.]+)""",
    re.IGNORECASE | re.VERBOSE,
)


def without_version(failure: StatementError) -> Script | None:
    """Return the file with the failed statement as it is without a version.

    None if it did not fail because the extension has no such version.
    """
    error, script = failure.error, failure.script
    if error.sqlstate != _NOT_THERE or not _MESSAGE.match(error.diag.message_primary or ""):
        return None
    text = failure.statement.text
    shorter = _CLAUSE.sub(lambda found: found["create"] or found["update"], text, count=1)
    if shorter == text:
        return None
    changed = replace(failure.statement, text=shorter)
    statements = (changed if each is failure.statement else each for each in script.statements)
    return replace(script, text=script.text.replace(text, shorter, 1), statements=tuple(statements))
