"""Workers die at random: no job is lost, none is stored twice, users wait alike."""

import random
import threading
import time
from collections import Counter
from typing import Any

import psycopg
import pytest

from edge.emulator.postgres.cluster import Cluster
from tests.support.media.database import MediaDatabase

pytestmark = [pytest.mark.process, pytest.mark.timeout(600)]

USERS = 20
JOBS_EACH = 10
WORKERS = 6


def work(dsn: str, seed: int, applied: Counter[str], ends_at: float) -> None:
    """Claim and complete jobs. A claim in five is dropped: a worker that was killed."""
    dice = random.Random(seed)
    with psycopg.connect(dsn, autocommit=True) as connection:
        media = MediaDatabase(connection)
        while time.monotonic() < ends_at:
            claimed: dict[str, Any] | None = media.claim(f"w{seed}-{dice.random()}", seconds=1)
            if claimed is None:
                left = media.ask(
                    "select count(*) from public.jobs where status in ('queued', 'processing')"
                )
                if not left:
                    return
                time.sleep(0.05)
                continue
            if dice.random() < 0.2:
                continue
            for _ in range(dice.choice((1, 1, 2))):  # some report twice
                answer = media.complete(claimed["job_id"], 2, worker_id=None)
                applied[claimed["job_id"]] += bool(answer["applied"])


def test_no_job_is_lost_and_none_is_stored_twice(
    media: MediaDatabase, cluster: Cluster, database: str
) -> None:
    users = [media.user_id, *(media.add_user() for _ in range(USERS - 1))]
    sent = [
        media.enqueue(user, max_attempts=20)["job_id"] for user in users for _ in range(JOBS_EACH)
    ]
    applied: Counter[str] = Counter()
    threads = [
        threading.Thread(
            target=work, args=(cluster.dsn(database), seed, applied, time.monotonic() + 60)
        )
        for seed in range(WORKERS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert applied == Counter(sent)
    states = media.ask("select jsonb_object_agg(status, n) from"
                       " (select status, count(*) n from public.jobs group by 1) s")  # fmt: skip
    assert states == {"completed": USERS * JOBS_EACH}
    assert media.ask("select count(*) from public.workspace_assets") == 2 * len(sent)
    assert (media.messages(), media.messages("a_sdxl_queue")) == (0, len(sent))
    assert media.ask("select max(attempts) from public.jobs") > 1
