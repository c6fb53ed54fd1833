"""The steps of a job: one lease at a time, increasing progress, final states."""

from itertools import product
from typing import Any

import psycopg
import pytest

from tests.support.talk_tracks.database import Owner

FINISHED = ("completed", "failed", "cancelled")


def expire(owner: Owner, job_id: str) -> None:
    owner.connection.execute(
        "update public.talk_track_jobs set lease_expires_at = now() where id = %s", (job_id,)
    )


def test_a_claim_returns_the_deck_and_the_settings(owner: Owner) -> None:
    job_id = owner.add_job()

    claim = owner.claim(job_id)

    assert claim["claimed"] is True
    assert claim["job"]["status"] == "processing"
    assert claim["job"]["total_chunks"] == 6
    assert claim["deck"]["title"] == "Launch"
    assert len(claim["deck"]["slides"]) == 55
    assert (claim["chunk_size"], claim["chunks"]) == (10, [])


def test_a_job_is_claimed_once(owner: Owner) -> None:
    job_id = owner.add_job()

    assert owner.claim(job_id)["claimed"]
    again = owner.claim(job_id)

    assert again == {"claimed": False, "job": again["job"]}
    assert again["job"]["status"] == "processing"


def test_concurrent_claims_lease_a_job_once(owner: Owner) -> None:
    job_id = owner.add_job()
    dsn, password = owner.connection.info.dsn, owner.connection.info.password
    with psycopg.connect(dsn, password=password) as rival, rival.transaction():
        rival.execute("select public.claim_talk_track_job_v1(%s, 60, 10)", (job_id,))
        assert owner.claim_next() is None  # skips rows locked by another claim

    assert owner.claim(job_id)["claimed"] is False


def test_an_unknown_job_is_null(owner: Owner) -> None:
    assert owner.claim("6f1c3f0e-6a57-4f9b-8f1e-3d2c6c9d7a10") is None


def test_an_expired_lease_is_claimed_with_the_saved_chunks(owner: Owner) -> None:
    job_id = owner.add_job()
    first = owner.claim(job_id)["lease_token"]
    assert owner.save(job_id, first, 2, range(21, 31))
    expire(owner, job_id)

    second = owner.claim(job_id)

    assert second["claimed"]
    assert second["lease_token"] != first
    assert [chunk["index"] for chunk in second["chunks"]] == [2]


@pytest.mark.parametrize("is_taken_over", [True, False])
def test_a_lost_lease_saves_nothing(owner: Owner, is_taken_over: bool) -> None:
    job_id = owner.add_job()
    late = owner.claim(job_id)["lease_token"]
    expire(owner, job_id)
    if is_taken_over:
        assert owner.claim(job_id)["claimed"]

    assert owner.renew(job_id, late) is False
    assert owner.save(job_id, late, 0, range(1, 11)) is False
    assert owner.finish(job_id, late) is False
    assert owner.fail(job_id, late) is False
    assert owner.ask("select count(*) from public.talk_track_chunks") == 0
    assert owner.job(job_id)["status"] == "processing"


def test_renewing_extends_the_lease(owner: Owner) -> None:
    job_id = owner.add_job()
    token = owner.claim(job_id, seconds=30)["lease_token"]
    before = owner.job(job_id)["lease_expires_at"]

    assert owner.renew(job_id, token)

    assert owner.job(job_id)["lease_expires_at"] > before


def test_progress_counts_saved_chunks_and_is_99_at_most(owner: Owner) -> None:
    job_id = owner.add_job()
    token = owner.claim(job_id)["lease_token"]
    seen: list[Any] = []
    for index in (3, 0, 0, 5, 1, 2, 4):
        first = index * 10 + 1
        assert owner.save(job_id, token, index, range(first, min(first + 10, 56)))
        job = owner.job(job_id)
        seen.append((job["current_chunk"], job["progress"]))

    assert seen == [(1, 16), (2, 33), (2, 33), (3, 50), (4, 66), (5, 83), (6, 99)]
    assert owner.job(job_id)["chunk_seconds"] == 2


@pytest.mark.parametrize("numbers", [range(1, 10), range(1, 12), [*range(1, 10), 9]])
def test_a_chunk_holds_every_slide_once(owner: Owner, numbers: Any) -> None:
    job_id = owner.add_job()
    token = owner.claim(job_id)["lease_token"]

    with pytest.raises(psycopg.Error):
        owner.save(job_id, token, 0, numbers)


def test_a_chunk_beyond_the_deck_is_refused(owner: Owner) -> None:
    job_id = owner.add_job()
    token = owner.claim(job_id)["lease_token"]

    with pytest.raises(psycopg.Error):
        owner.save(job_id, token, 6, range(61, 71))


def test_finishing_writes_the_talk_track_once(owner: Owner) -> None:
    job_id = owner.add_job()
    token = owner.claim(job_id)["lease_token"]
    owner.save_all(job_id, token)

    assert owner.finish(job_id, token)
    assert owner.finish(job_id, token)  # the response to the first call was lost

    job = owner.job(job_id)
    assert (job["status"], job["progress"]) == ("completed", 100)
    assert job["completed_at"]
    assert owner.ask("select count(*) from public.talk_tracks") == 1
    assert owner.ask("select id::text from public.talk_tracks") == job["talk_track_id"]


def test_finishing_requires_all_chunks(owner: Owner) -> None:
    job_id = owner.add_job()
    token = owner.claim(job_id)["lease_token"]
    owner.save(job_id, token, 0, range(1, 11))

    with pytest.raises(psycopg.Error):
        owner.finish(job_id, token)


def end(owner: Owner, status: str) -> tuple[str, str]:
    job_id = owner.add_job()
    token = owner.claim(job_id)["lease_token"]
    if status == "completed":
        owner.save_all(job_id, token)
        owner.finish(job_id, token)
    elif status == "failed":
        owner.fail(job_id, token)
    else:
        owner.connection.execute("update public.talk_track_jobs set status = 'cancelled'")
    assert owner.job(job_id)["status"] == status
    return job_id, token


@pytest.mark.parametrize("status", FINISHED)
def test_no_step_leaves_a_terminal_state(owner: Owner, status: str) -> None:
    job_id, token = end(owner, status)
    before = owner.job(job_id)

    assert owner.claim(job_id)["claimed"] is False
    assert owner.claim_next() is None
    assert owner.renew(job_id, token) is False
    assert owner.save(job_id, token, 0, range(1, 11)) is False
    assert owner.finish(job_id, token) is (status == "completed")
    assert owner.fail(job_id, token) is False
    assert owner.job(job_id) == before


@pytest.mark.parametrize(
    ("status", "target"),
    [pair for pair in product(FINISHED, ("processing", *FINISHED)) if len(set(pair)) == 2],
)
def test_no_update_leaves_a_terminal_state(owner: Owner, status: str, target: str) -> None:
    end(owner, status)
    with pytest.raises(psycopg.Error) as refused:
        owner.connection.execute("update public.talk_track_jobs set status = %s", (target,))

    assert refused.value.sqlstate == "PT409"


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_a_retry_keeps_saved_chunks(owner: Owner, status: str) -> None:
    job_id = owner.add_job()
    token = owner.claim(job_id)["lease_token"]
    owner.save(job_id, token, 0, range(1, 11))
    owner.connection.execute("update public.talk_track_jobs set status = %s", (status,))
    claims = f'{{"sub": "{owner.id}"}}'
    owner.connection.execute("select set_config('request.jwt.claims', %s, false)", (claims,))

    assert owner.ask("select public.retry_talk_track_job_v1(%(id)s)", id=job_id)

    assert owner.job(job_id)["error_message"] is None
    assert owner.job(job_id)["progress"] == 16
    assert [chunk["index"] for chunk in owner.claim(job_id)["chunks"]] == [0]


def test_later_edits_of_the_deck_do_not_affect_the_job(owner: Owner) -> None:
    job_id = owner.add_job()
    owner.claim(job_id)
    owner.connection.execute("""update public.deck_structures set slides = '[{"title": "New"}]'""")
    expire(owner, job_id)

    assert len(owner.claim(job_id)["deck"]["slides"]) == 55


@pytest.mark.parametrize(("slides", "word"), [(0, "no slides"), (501, "500 is the most")])
def test_a_deck_of_invalid_size_fails_the_job(owner: Owner, slides: int, word: str) -> None:
    job_id = owner.add_job(owner.add_deck(slides))

    assert owner.claim(job_id)["claimed"] is False
    assert word in owner.job(job_id)["error_message"]


@pytest.mark.parametrize(("slides", "chunks"), [(1, 1), (10, 1), (11, 2), (500, 50)])
def test_decks_of_1_to_500_slides_are_claimed(owner: Owner, slides: int, chunks: int) -> None:
    assert owner.claim(owner.add_job(owner.add_deck(slides)))["job"]["total_chunks"] == chunks


def test_five_claims_without_progress_fail_the_job(owner: Owner) -> None:
    job_id = owner.add_job()
    for _ in range(5):
        assert owner.claim(job_id)["claimed"]
        expire(owner, job_id)

    assert owner.claim_next() is None
    assert "stopped 5 times" in owner.job(job_id)["error_message"]


def test_a_saved_chunk_resets_the_attempts(owner: Owner) -> None:
    job_id = owner.add_job()
    for index in range(6):
        token = owner.claim(job_id)["lease_token"]
        owner.save(job_id, token, index, range(index * 10 + 1, min(index * 10 + 11, 56)))
        expire(owner, job_id)

    assert owner.claim(job_id)["claimed"]


def test_the_next_job_is_the_oldest_of_the_user_with_fewest_running_jobs(
    owner: Owner, other: Owner
) -> None:
    mine = [owner.add_job() for _ in range(3)]
    theirs = [other.add_job() for _ in range(2)]

    claimed = [claim["job"]["id"] for _ in range(5) if (claim := owner.claim_next())]

    assert claimed == [mine[0], theirs[0], mine[1], theirs[1], mine[2]]


def test_the_user_whose_last_start_is_longest_ago_is_next(owner: Owner, other: Owner) -> None:
    owner.add_job(owner.add_deck(3))
    mine, theirs = owner.add_job(), other.add_job()
    first = owner.claim_next()
    assert first
    owner.save_all(first["job"]["id"], first["lease_token"], slides=3)
    assert owner.finish(first["job"]["id"], first["lease_token"])

    following = [claim["job"]["id"] for _ in range(2) if (claim := owner.claim_next())]

    assert following == [theirs, mine]


def test_old_finished_jobs_are_deleted(owner: Owner) -> None:
    kept = {status: end(owner, status)[0] for status in ("completed", "failed")}
    old = {status: end(owner, status)[0] for status in ("completed", "failed")}
    owner.connection.execute(
        "update public.talk_track_jobs set completed_at = now() - interval '8 days'"
        " where id = any(%s)",
        (list(old.values()),),
    )

    assert owner.ask("select public.delete_finished_talk_track_jobs_v1(7)") == 1
    assert owner.job(old["failed"])
    assert owner.ask("select public.delete_finished_talk_track_jobs_v1(7, 7)") == 1
    assert owner.ask("select count(*) from public.talk_track_jobs") == len(kept)
    assert owner.ask("select count(*) from public.talk_tracks") == 2


def test_the_guides_own_queries_work_as_printed(owner: Owner) -> None:
    kept, _ = end(owner, "completed")
    old, _ = end(owner, "completed")
    owner.connection.execute(
        "update public.talk_track_jobs set completed_at = now() - interval '8 days' where id = %s",
        (old,),
    )
    listed = owner.connection.execute("""
        SELECT
          id,
          status,
          progress,
          current_chunk,
          total_chunks,
          created_at,
          started_at,
          completed_at,
          error_message
        FROM talk_track_jobs
        ORDER BY created_at DESC
        LIMIT 10;
    """).fetchall()
    policies = owner.connection.execute(
        "SELECT * FROM pg_policies WHERE tablename = 'talk_track_jobs';"
    ).fetchall()
    removed = owner.connection.execute("""
        DELETE FROM talk_track_jobs
        WHERE status = 'completed'
          AND completed_at < NOW() - INTERVAL '7 days';
    """).rowcount

    assert [str(row[0]) for row in listed] == [old, kept]
    assert len(policies) == 4
    assert removed == 1


def test_provider_calls_share_one_rate(owner: Owner) -> None:
    ask = "select public.reserve_provider_call_v1('openai', 60)"
    waits = [owner.ask(ask) for _ in range(9)]
    owner.ask("select public.pause_provider_calls_v1('openai', 30)")

    assert waits[0] == 0
    assert waits == sorted(waits)
    assert 28 < owner.ask(ask) < 32
