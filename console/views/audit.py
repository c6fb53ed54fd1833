"""What was changed by the console, by whom and when."""

import json
from typing import Final

from console import api, page
from console.layout import heading
from console.ui.messages import empty
from console.ui.parts import pages
from console.ui.table import Column, Table

_AUDIT: Final = (
    Column("at", "When", "time"),
    Column("action", "Action", "mono"),
    Column("target", "On", "mono"),
    Column("what", "With", "mono", optional=True),
    Column("who", "By", optional=True),
)


@page("/audit", title="Audit", icon="fact_check", group="Stack", order=80)
async def audit(cursor: str = "") -> None:
    """List what was changed by the console, newest first."""
    heading("Audit", "Every change that was made by the console")
    answer = await api().get("/audit", cursor=cursor)
    if not answer["data"]:
        empty("Nothing has been changed by the console yet")
        return
    rows = [
        {**each, "what": json.dumps(each["details"]) if each["details"] else ""}
        for each in answer["data"]
    ]
    Table(_AUDIT, rows, label="Audit")
    older = f"/console/audit?cursor={answer['next']}" if answer["next"] else None
    pages(older, "/console/audit" if cursor else None)
