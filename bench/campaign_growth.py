"""What a dial costs once a campaign is large: in a new database and, turn by turn, in a grown one.

Both have the same campaign; in one of them a million of its contacts are done, with their
attempts, calls and events. The two take turns, so that whatever else the machine does falls on both
alike.
"""

import threading
import time
from collections.abc import Sequence
from typing import Final, LiteralString

import psycopg

from bench.campaign_size import Connection, Worker, connect
from bench.large_campaign import cluster_with, fill
from bench.support.machine import print_machine
from bench.support.statistics import Series, print_at_most

_WAITING: Final = 20_000
_ROUNDS: Final = 400
_LEARNING: Final = 20  # rounds in which sessions make the plans that they keep
_TABLES: Final[tuple[LiteralString, ...]] = ("campaign_contacts", "call_attempts", "calls")
_DONE: Final = """
insert into public.campaign_contacts (campaign_id, organization_id, name, phone, time_zones,
        next_attempt_at, status, attempts, dials, connected, completed_at)
    select c.id, c.organization_id, 'Person', '+44' || (2000000000 + n), '{Europe/London}',
        now() - interval '1 day', 'completed', 1, 1, true, now()
    from public.call_campaigns c, generate_series(1, %(done)s) n;
insert into public.call_attempts (contact_id, campaign_id, organization_id, phone, number,
        idempotency_key, status, lease_expires_at, retell_call_id, counted, dialed_at, ended_at)
    select c.id, c.campaign_id, c.organization_id, c.phone, 1, gen_random_uuid(), 'ended', now(),
        'call_' || c.id, true, now() - interval '1 day', now()
    from public.campaign_contacts c where c.status = 'completed';
insert into public.calls (organization_id, campaign_id, contact_id, attempt_id, retell_call_id,
        to_number, status, disconnection_reason, started_at, ended_at, analyzed_at, created_at)
    select a.organization_id, a.campaign_id, a.contact_id, a.id, a.retell_call_id, a.phone,
        'completed', 'user_hangup', now(), now(), now(), now() - interval '1 day'
    from public.call_attempts a;
insert into public.call_events (retell_call_id, event, organization_id, payload, applied_at)
    select c.retell_call_id, e.name, c.organization_id, '{}', now()
    from public.calls c, unnest(array['call_started', 'call_ended', 'call_analyzed']) as e (name);
"""


def compare_growth(done: int) -> None:
    """Turn by turn; what a dial costs in the grown database, by the medians."""
    print_machine()
    with cluster_with("new") as cluster:
        cluster.create_database("grown", template="new")
        with connect(cluster.dsn("new")) as new, connect(cluster.dsn("grown")) as grown:
            campaigns = [(each, fill(each, _WAITING)) for each in (new, grown)]
            _grow(grown, done)
            new.execute("checkpoint")
            costs = _take_turns(campaigns)
    fresh, old = Series("a new database", costs[0]), Series(f"{done:,} contacts done", costs[1])
    print(fresh, old, sep="\n")
    ratio = old.p50 / fresh.p50
    print_at_most("a dial after that many, against a new database", ratio, 1.15, "times")


def _grow(connection: Connection, done: int) -> None:
    """Add that many completed contacts to the campaign, without counting or notifying."""
    for table in _TABLES:
        connection.execute(f"alter table public.{table} disable trigger user")
    psycopg.ClientCursor(connection).execute(_DONE, {"done": done})
    for table in _TABLES:
        connection.execute(f"alter table public.{table} enable trigger user")
    connection.execute("vacuum analyze")


def _take_turns(campaigns: Sequence[tuple[Connection, str]]) -> list[list[float]]:
    """Milliseconds for each dial, of each."""
    workers = [Worker("", campaign, threading.Event()) for _, campaign in campaigns]
    costs: list[list[float]] = [[] for _ in campaigns]
    for turn in range(_ROUNDS):
        for place in sorted(range(len(campaigns)), reverse=turn % 2 == 1):
            before, began = workers[place].dials, time.perf_counter()
            workers[place].work(campaigns[place][0])
            spent = (time.perf_counter() - began) * 1000
            if turn >= _LEARNING:
                costs[place].append(spent / (workers[place].dials - before))
    return costs
