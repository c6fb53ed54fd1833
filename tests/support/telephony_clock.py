"""A telephony.now() that a test's session sets by the setting telephony.now."""

import psycopg

_INSTALL = """
create or replace function telephony.now() returns timestamptz language sql stable as $$
    select coalesce(
        nullif(current_setting('telephony.now', true), '')::timestamptz, pg_catalog.now())
$$
"""


def install_clock(connection: psycopg.Connection) -> None:
    """Let every session of this database set its clock."""
    connection.execute(_INSTALL)


def set_clock(connection: psycopg.Connection, moment: str) -> None:
    """Let telephony.now() be this moment in the session; '' is real time again."""
    connection.execute("select set_config('telephony.now', %s, false)", (moment,))
