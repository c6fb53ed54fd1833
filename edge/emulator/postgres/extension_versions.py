"""Create extensions as they are here where a project names another version, or their own schema.

`supabase db diff` writes the hosted project's versions into migrations. `with schema cron` passes
where the dashboard has enabled the extension before, which makes that schema.
"""

import re
from dataclasses import replace
from typing import Final

from edge.emulator.postgres.dashboard_extensions import OWN_SCHEMAS
from edge.emulator.postgres.execute import StatementError
from edge.emulator.postgres.script import Script

_NO_VERSION: Final = "22023"
_NO_SCHEMA: Final = "3F000"
_MESSAGE: Final = re.compile(
    r'extension "[^"]+" has no (?:installation script nor )?update path\b.* version'
)
_VERSION: Final = re.compile(
    r"""(?P<create>\bcreate\s+extension\b[^;]*?)\bversion\s+=?\s*(?:'[^']*'|"[^"]*"|[\w.]+)
      | (?P<update>\balter\s+extension\b[^;]*?\bupdate)\s+to\s+(?:'[^']*'|"[^"]*"|[\w.]+)""",
    re.IGNORECASE | re.VERBOSE,
)
_SCHEMA: Final = re.compile(
    r"""(?P<create>\bcreate\s+extension\s+(?:if\s+not\s+exists\s+)?"?(?P<name>\w+)"?[^;]*?)
        \s(?:with\s+)?schema\s+"?(?P<schema>\w+)"?""",
    re.IGNORECASE | re.VERBOSE,
)


def without_clause(failure: StatementError) -> Script | None:
    """Return the file with the failed statement as it is without its version or schema.

    None if it did not fail because the extension has no such version, or makes the schema itself.
    """
    text = failure.statement.text
    message = failure.error.diag.message_primary or ""
    if failure.error.sqlstate == _NO_VERSION and _MESSAGE.match(message):
        shorter = _VERSION.sub(lambda found: found["create"] or found["update"], text, count=1)
    elif failure.error.sqlstate == _NO_SCHEMA:
        shorter = _SCHEMA.sub(_without_own_schema, text)
    else:
        return None
    if shorter == text:
        return None
    script = failure.script
    changed = replace(failure.statement, text=shorter)
    statements = (changed if each is failure.statement else each for each in script.statements)
    return replace(script, text=script.text.replace(text, shorter, 1), statements=tuple(statements))


def _without_own_schema(found: re.Match[str]) -> str:
    makes = OWN_SCHEMAS.get(found["schema"].lower())
    return found["create"] if makes == found["name"].lower() else found[0]
