"""Contacts dialled a second as the database sees it: claimed, judged again, placed, settled.

Eight workers share one campaign, each with a connection of its own, on a Postgres that commits
to disk. Each contact costs a tenth of a claim, begin_dial, place_call and finish_attempt_v1: all of
a real dial but the telephone. The campaign has ten thousand contacts, then up to a million.
"""

import argparse
import threading
import time
from dataclasses import dataclass, field
from typing import Final
from uuid import uuid4

import psycopg

from bench.large_campaign import cluster_with, fill
from bench.support.machine import print_machine
from bench.support.statistics import Series, print_at_least
from edge.emulator.postgres.cluster import Cluster

_SIZES: Final = (10_000, 100_000, 1_000_000)
_WORKERS: Final = 8
_BATCH: Final = 10
_WANTED: Final = 300


@dataclass(slots=True)
class Tally:
    """What one worker has done; `claims` and `dials` are milliseconds."""

    claims: list[float] = field(default_factory=list[float])
    dials: list[float] = field(default_factory=list[float])


@dataclass(frozen=True, slots=True)
class Worker:
    """One of the workers that share the campaign, until the time is up or no contact is left."""

    dsn: str
    campaign: str
    ends_at: float
    tally: Tally

    def run(self) -> None:
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            while time.monotonic() < self.ends_at and self._work(connection):
                pass

    def _work(self, connection: psycopg.Connection) -> bool:
        began = time.perf_counter()
        claimed = connection.execute(
            "select attempt_id, lease_token from public.claim_contacts_v1(%s, %s)",
            (self.campaign, _BATCH),
        ).fetchall()
        self.tally.claims.append(_milliseconds_since(began))
        for attempt_id, lease_token in claimed:
            began = time.perf_counter()
            _dial(connection, attempt_id, lease_token)
            self.tally.dials.append(_milliseconds_since(began))
        return bool(claimed)


def _dial(connection: psycopg.Connection, attempt_id: str, lease_token: str) -> None:
    judged = connection.execute("select public.begin_dial_v1(%s, %s)", (attempt_id, lease_token))
    assert judged.fetchone() == (None,)
    call_id = f"call_{uuid4().hex}"
    connection.execute("select public.place_call_v1(%s, %s)", (attempt_id, call_id))
    connection.execute("select public.finish_attempt_v1(%s, 'user_hangup')", (attempt_id,))


def _milliseconds_since(began: float) -> float:
    return (time.perf_counter() - began) * 1000


def measure(cluster: Cluster, template: str, contacts: int, seconds: float) -> float:
    """Contacts a second."""
    name = f"dialling_{contacts}"
    dsn = cluster.create_database(name, template=template)
    with psycopg.connect(dsn, autocommit=True) as connection:
        campaign = fill(connection, contacts)
        connection.execute("checkpoint")
    began = time.monotonic()
    tallies = _work_together(dsn, campaign, began + seconds)
    elapsed = time.monotonic() - began
    claims = [claim for tally in tallies for claim in tally.claims]
    dials = [dial for tally in tallies for dial in tally.dials]
    rate = len(dials) / elapsed
    print(Series(f"claims of {_BATCH}, {contacts:,} contacts", claims))
    print(Series(f"dials, {contacts:,} contacts", dials), f"  {rate:,.0f} contacts/s", flush=True)
    _check(dsn, campaign, len(dials))
    return rate


def _work_together(dsn: str, campaign: str, ends_at: float) -> list[Tally]:
    tallies = [Tally() for _ in range(_WORKERS)]
    threads = [
        threading.Thread(target=Worker(dsn, campaign, ends_at, tally).run) for tally in tallies
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return tallies


def _check(dsn: str, campaign: str, dialled: int) -> None:
    """Each once, and the campaign's own figures say the same."""
    with psycopg.connect(dsn) as connection:
        attempts, people = connection.execute(
            "select count(*), count(distinct contact_id) from public.call_attempts"
        ).fetchone() or (0, 0)
        (processed,) = connection.execute(
            "select processed from public.campaign_statistics where campaign_id = %s", (campaign,)
        ).fetchone() or (0,)
    assert attempts == people == processed == dialled, (attempts, people, processed, dialled)


def main() -> None:
    """All sizes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=15, help="for each size")
    parser.add_argument("--contacts", type=int, action="append", help="this size only")
    options = parser.parse_args()
    print_machine()
    with cluster_with("template") as cluster:
        sizes = options.contacts or _SIZES
        rates = [measure(cluster, "template", size, options.seconds) for size in sizes]
    print_at_least(f"contacts a second, {_WORKERS} workers", min(rates), _WANTED, "/s")
    if len(rates) > 1:
        kept = 100 * rates[-1] / rates[0]
        print_at_least(f"rate kept from {sizes[0]:,} to {sizes[-1]:,} contacts", kept, 80, "%")


if __name__ == "__main__":
    main()
