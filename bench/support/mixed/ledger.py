"""What was acknowledged, by ids, and whether it is in the database at the end."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from bench.support.mixed.site import Site

_TABLES: Final = {
    "transcripts": "transcripts",
    "outputs": "generated_outputs",
    "messages": "messages",
    "library": "user_library",
    "media jobs": "jobs",
    "talk tracks": "talk_track_jobs",
}


_OPEN_JOBS: Final = """
select jsonb_build_object('id', id, 'status', status, 'transport', transport, 'attempts', attempts,
  'lease_expires_at', lease_expires_at, 'queue', queue_name, 'metadata', metadata)::text as job
from jobs where status in ('queued', 'processing') limit 3
"""


@dataclass(slots=True)
class Ledger:
    """`acknowledged` are ids by kind; `imports` the contacts acknowledged for each campaign."""

    acknowledged: dict[str, set[str]] = field(
        default_factory=lambda: {kind: set[str]() for kind in _TABLES}
    )
    imports: dict[str, int] = field(default_factory=dict[str, int])
    campaigns: set[str] = field(default_factory=set[str])
    callbacks: set[str] = field(default_factory=set[str])
    keys: dict[str, str] = field(default_factory=dict[str, str])
    workers: set[str] = field(default_factory=set[str])

    def add(self, kind: str, *ids: object) -> None:
        self.acknowledged[kind].update(str(each) for each in ids if each)

    def counts(self) -> dict[str, int]:
        """Return how much was acknowledged, by kind."""
        own = {kind: len(ids) for kind, ids in self.acknowledged.items()}
        return {
            **own,
            "contacts": sum(self.imports.values()),
            "campaigns": len(self.campaigns),
            "callbacks": len(self.callbacks),
            "workers": len(self.workers),
        }


def open_work(site: Site) -> dict[str, int]:
    """Count what is not finished yet."""
    (row,) = site.rows(
        "select (select count(*) from jobs where status in ('queued', 'processing')"
        "  and not (status = 'queued' and transport = 'none')) as jobs,"
        " (select count(*) from talk_track_jobs"
        "  where status in ('pending', 'processing')) as tracks,"
        " (select count(*) from call_campaigns where status not in ('draft', 'completed', 'failed',"
        " 'cancelled')) as campaigns,"
        " (select count(*) from call_attempts where status in"
        " ('claimed', 'dialing', 'placed', 'unresolved')) as attempts"
    )
    return {name: count for name, count in row.items() if count}


def recount(site: Site, ledger: Ledger) -> Iterator[str]:
    """Yield whatever was acknowledged and is lost, done twice or not finished."""
    for kind, table in _TABLES.items():
        ids = ledger.acknowledged[kind]
        found = site.rows(
            f"select id::text from {table} where id::text = any(%(ids)s)", ids=list(ids)
        )
        yield from _missing(kind, ids, (row["id"] for row in found))
    yield from _recount_contacts(site, ledger)
    yield from _recount_media(site, ledger)
    yield from _recount_tracks(site, ledger)
    yield from _recount_webhooks(site)
    found = site.rows("select distinct base_url from workers")
    yield from _missing("workers", ledger.workers, (row["base_url"] for row in found))
    for name, count in open_work(site).items():
        yield f"{count} {name} are not finished"
    for row in site.rows(_OPEN_JOBS):
        yield f"such as {row['job']}"


def _missing(kind: str, wanted: set[str], found: Iterable[str]) -> Iterator[str]:
    if lost := wanted - set(found):
        yield f"{len(lost)} of {len(wanted)} {kind} are lost, such as {min(lost)}"


def _recount_contacts(site: Site, ledger: Ledger) -> Iterator[str]:
    stored = {
        row["id"]: row
        for row in site.rows(
            "select c.id::text, c.status, count(k.id) as contacts,"
            " count(k.id) filter (where k.status = 'pending') as pending,"
            " (select count(*) from call_attempts a where a.campaign_id = c.id"
            "  and a.counted) as counted,"
            " (select count(distinct a.contact_id) from call_attempts a"
            "  where a.campaign_id = c.id and a.counted) as reached"
            " from call_campaigns c left join campaign_contacts k on k.campaign_id = c.id"
            " group by c.id"
        )
    }
    for campaign_id, imported in ledger.imports.items():
        row = stored[campaign_id]
        if row["contacts"] != imported:
            yield f"campaign {campaign_id}: {imported} contacts imported, {row['contacts']} stored"
    for campaign_id in ledger.campaigns:
        row = stored[campaign_id]
        if row["status"] != "completed" or row["pending"]:
            state = f"{row['status']}, {row['pending']} contacts wait"
            yield f"campaign {campaign_id} was started, and is {state}"
        if row["counted"] > row["reached"]:
            yield f"campaign {campaign_id}: {row['counted']} calls of {row['reached']} contacts"


def _recount_media(site: Site, ledger: Ledger) -> Iterator[str]:
    jobs: dict[str, Any] = {
        row["id"]: row
        for row in site.rows(
            "select j.id::text, j.status, j.idempotency_key, j.error_message, count(a.id) as assets"
            " from jobs j left join workspace_assets a on a.job_id = j.id group by j.id"
        )
    }
    for job_id in ledger.callbacks & jobs.keys():
        if jobs[job_id]["status"] != "completed":
            yield f"job {job_id} was reported as completed, and is {jobs[job_id]['status']}"
    keys = [row["idempotency_key"] for row in jobs.values() if row["idempotency_key"]]
    if len(keys) != len(set(keys)):
        yield f"{len(keys) - len(set(keys))} jobs were queued twice for one Idempotency-Key"
    for key, job_id in ledger.keys.items():
        if jobs.get(job_id, {}).get("idempotency_key") not in (None, key):
            yield f"job {job_id} is not that of {key}"


def _recount_tracks(site: Site, ledger: Ledger) -> Iterator[str]:
    rows = site.rows(
        "select j.id::text, j.status, j.error_message, t.content from talk_track_jobs j"
        " left join talk_tracks t on t.id = j.talk_track_id where j.id::text = any(%(ids)s)",
        ids=list(ledger.acknowledged["talk tracks"]),
    )
    for row in rows:
        if row["status"] == "completed" and row["content"].count("\n## Slide ") != 6:
            yield f"talk track {row['id']} has {row['content'].count(chr(10) + '## Slide ')} slides"
        if row["status"] == "failed":
            yield f"talk track {row['id']} failed: {row['error_message']}"


def _recount_webhooks(site: Site) -> Iterator[str]:
    """Every delivery that was answered 2xx is an event that was stored."""
    log = site.control("/retell/_requests")
    answered = {
        (each["call_id"], each["event"])
        for each in log["deliveries"]
        if each["status"] and 200 <= each["status"] < 300
    }
    found = site.rows("select retell_call_id as call_id, event from call_events")
    stored = {(row["call_id"], row["event"]) for row in found}
    if lost := answered - stored:
        yield f"{len(lost)} of {len(answered)} answered webhooks are lost, such as {min(lost)}"
