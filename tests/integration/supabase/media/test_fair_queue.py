"""The order of a queue: priority, then fairly between users, then first in, first out."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.support.media.database import MediaDatabase

pytestmark = pytest.mark.process


def drain(media: MediaDatabase) -> Iterator[str]:
    while claimed := media.claim():
        yield claimed["job_id"]


def test_one_user_s_jobs_come_in_order(media: MediaDatabase) -> None:
    sent = [media.enqueue()["job_id"] for _ in range(5)]

    assert list(drain(media)) == sent


def test_a_thousand_jobs_do_not_starve_one(media: MediaDatabase) -> None:
    for _ in range(50):
        media.enqueue()
    for _ in range(10):
        media.claim()
    late = media.enqueue(media.add_user())["job_id"]

    assert late in [next(drain(media)) for _ in range(2)]


def test_users_take_turns(media: MediaDatabase) -> None:
    users = [media.user_id, media.add_user(), media.add_user()]
    owners = {media.enqueue(user)["job_id"]: user for user in users for _ in range(4)}

    order = [owners[job_id] for job_id in drain(media)]

    assert [sorted(order[i : i + 3]) for i in range(0, 12, 3)] == [sorted(users)] * 4


def test_a_user_who_comes_back_is_not_ahead_for_what_they_did_not_use(
    media: MediaDatabase,
) -> None:
    back = media.add_user()
    media.enqueue(back)
    for _ in range(20):
        media.enqueue()
    for _ in range(15):
        media.claim()
    owners = {media.enqueue(back)["job_id"] for _ in range(5)}

    order = [job_id in owners for job_id in drain(media)]

    assert sum(order[:6]) in (2, 3, 4)


def test_priority_comes_first(media: MediaDatabase) -> None:
    media.enqueue()
    urgent = media.enqueue(priority=5)["job_id"]
    lazy = media.enqueue(priority=-5)["job_id"]

    order = list(drain(media))

    assert (order[0], order[-1]) == (urgent, lazy)


def test_the_priority_of_a_job_that_waits_is_changed(media: MediaDatabase) -> None:
    first, second, third = (media.enqueue()["job_id"] for _ in range(3))

    change = "select public.change_job_priority_v1(%s, %s)"
    assert media.ask(change, third, 1) == {"job_id": third, "priority": 1}
    media.ask(change, first, -10)

    assert list(drain(media)) == [third, second, first]
    assert media.job(third)["priority"] == 1


@pytest.mark.parametrize(
    ("job_id", "priority", "detail"),
    [
        (None, 11, "INVALID_PRIORITY"),
        (None, None, "INVALID_PRIORITY"),
        (None, 1, "JOB_NOT_QUEUED"),
        ("00000000-0000-4000-8000-000000000000", 1, "JOB_NOT_FOUND"),
    ],
)
def test_a_priority_that_cannot_be_changed_is_refused(
    media: MediaDatabase, job_id: str | None, priority: int | None, detail: str
) -> None:
    job_id = job_id or media.enqueue()["job_id"]
    media.claim()

    with pytest.raises(psycopg.Error) as refused:
        media.ask("select public.change_job_priority_v1(%s, %s)", job_id, priority)

    assert refused.value.diag.message_detail == detail


def test_statistics_tell_depth_age_and_expected_wait(media: MediaDatabase) -> None:
    for _ in range(3):
        media.enqueue()
    claimed = media.claim()
    assert claimed
    media.connection.execute("update public.jobs set started_at = now() - interval '8 seconds'")
    media.connection.execute("alter table public.jobs disable trigger guard_state")
    media.connection.execute("update public.jobs set queued_at = now() - interval '30 seconds'")
    media.connection.execute("alter table public.jobs enable trigger guard_state")
    media.complete(claimed["job_id"])

    queue = media.ask("select public.get_media_queues_v1() -> 'sdxl_queue'")

    assert (queue["depth"], queue["in_flight"]) == (2, 0)
    assert 30 <= queue["oldest_age_seconds"] < 40
    assert 8 <= queue["average_seconds"] < 12
    assert 24 <= queue["eta_seconds"] <= 36
