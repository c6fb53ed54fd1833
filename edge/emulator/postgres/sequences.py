"""Put sequences back after a transaction that was undone, which Postgres does not do.

A seed that fails and is corrected then finds the ids that its rows name: 1, 2, 3 and not 4, 5, 6.
Never where other clients insert rows: they would get numbers that are taken.
"""

from collections.abc import Mapping

import psycopg

_READ = """
select format('%I.%I', schemaname, sequencename)::text, last_value, start_value
from pg_catalog.pg_sequences
where has_sequence_privilege(format('%I.%I', schemaname, sequencename), 'UPDATE')
"""
_SET = "select setval(%s::regclass, %s, %s)"

Positions = Mapping[str, tuple[int | None, int]]


def read_sequences(connection: psycopg.Connection) -> Positions:
    """Return each sequence's last value (None: never used) and its start."""
    rows = connection.execute(_READ)
    return {name: (last, start) for name, last, start in rows}


def restore_sequences(connection: psycopg.Connection, before: Positions) -> None:
    """Set the sequences that have moved to where they were."""
    if connection.closed or not before:
        return
    for name, (last, _) in read_sequences(connection).items():
        if name in before and last != before[name][0]:
            was, start = before[name]
            connection.execute(_SET, (name, start if was is None else was, was is not None))
