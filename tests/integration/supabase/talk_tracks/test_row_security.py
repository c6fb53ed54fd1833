"""Row-level security of talk tracks: two users and one row."""

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege

from tests.support.talk_tracks.database import Owner

TABLES = (
    "funnel_projects",
    "deck_structures",
    "talk_tracks",
    "talk_track_jobs",
    "talk_track_chunks",
)
OWNED = TABLES[:4]


def fill(owner: Owner) -> str:
    """Finish a job, so that every table has a row."""
    job_id = owner.add_job(owner.add_deck(3))
    token = owner.claim(job_id)["lease_token"]
    owner.save_all(job_id, token, slides=3)
    assert owner.finish(job_id, token)
    return job_id


@pytest.mark.parametrize("table", TABLES)
def test_owners_select_only_their_rows(owner: Owner, other: Owner, table: str) -> None:
    fill(owner)
    with other.signed_in():
        assert other.ask(f"select count(*) from public.{table}") in {0, 1}  # their project, deck
        assert other.ask(f"select count(*) from public.{table}") == (
            1 if table in TABLES[:2] else 0
        )
    with owner.signed_in():
        assert owner.ask(f"select count(*) from public.{table}") >= 1


@pytest.mark.parametrize("table", TABLES)
def test_anon_selects_nothing(owner: Owner, table: str) -> None:
    with owner.signed_in("anon"), pytest.raises(InsufficientPrivilege):
        owner.ask(f"select count(*) from public.{table}")


@pytest.mark.parametrize("table", OWNED)
@pytest.mark.parametrize("verb", ["delete", "update"])
def test_only_the_owner_updates_and_deletes(
    owner: Owner, other: Owner, table: str, verb: str
) -> None:
    fill(owner)
    changed = "error_message = 'x'" if table == "talk_track_jobs" else "updated_at = now()"
    statement = {
        "delete": f"delete from public.{table} where user_id = %(id)s",
        "update": f"update public.{table} set {changed} where user_id = %(id)s",
    }[verb].encode()
    with other.signed_in():
        assert other.connection.execute(statement, {"id": owner.id}).rowcount == 0
    with owner.signed_in():
        assert owner.connection.execute(statement, {"id": owner.id}).rowcount >= 1


INSERTS = {
    "funnel_projects": "(user_id, name) values (%(user)s, 'Mine')",
    "deck_structures": "(user_id, funnel_project_id, slides) values (%(user)s, %(project)s, '[]')",
    "talk_tracks": "(user_id, funnel_project_id, content) values (%(user)s, %(project)s, 'x')",
    "talk_track_jobs": "(user_id, funnel_project_id, deck_structure_id)"
    " values (%(user)s, %(project)s, %(deck)s)",
}


@pytest.mark.parametrize("table", OWNED)
def test_only_the_owner_inserts(owner: Owner, other: Owner, table: str) -> None:
    statement = f"insert into public.{table} {INSERTS[table]} returning 1"
    values = {"user": owner.id, "project": owner.project_id, "deck": owner.deck_id}
    with owner.signed_in():
        assert owner.ask(statement, **values) == 1
    with other.signed_in(), pytest.raises(InsufficientPrivilege):
        other.ask(statement, **values)


@pytest.mark.parametrize("table", OWNED[1:])
def test_a_row_cannot_refer_to_the_project_of_another_user(
    owner: Owner, other: Owner, table: str
) -> None:
    values = {"user": other.id, "project": owner.project_id, "deck": owner.deck_id}
    with other.signed_in(), pytest.raises(InsufficientPrivilege):
        other.ask(f"insert into public.{table} {INSERTS[table]} returning 1", **values)


@pytest.mark.parametrize("column", ["progress", "talk_track_id", "lease_token", "deck", "attempts"])
def test_owners_cannot_update_columns_of_workers(owner: Owner, column: str) -> None:
    owner.add_job()
    with owner.signed_in(), pytest.raises(InsufficientPrivilege):
        owner.connection.execute(f"update public.talk_track_jobs set {column} = null".encode())


@pytest.mark.parametrize("status", ["processing", "failed"])
def test_owners_only_cancel_and_retry(owner: Owner, status: str) -> None:
    owner.add_job()
    with owner.signed_in(), pytest.raises(psycopg.Error) as refused:
        owner.connection.execute("update public.talk_track_jobs set status = %s", (status,))

    assert refused.value.sqlstate == "PT403"


@pytest.mark.parametrize(
    "call",
    [
        "claim_talk_track_job_v1(gen_random_uuid(), 1, 1)",
        "claim_next_talk_track_job_v1(1, 1)",
        "save_talk_track_chunk_v1(gen_random_uuid(), gen_random_uuid(), 0, '[]', '{}')",
        "finish_talk_track_job_v1(gen_random_uuid(), gen_random_uuid(), '{}')",
        "fail_talk_track_job_v1(gen_random_uuid(), gen_random_uuid(), '')",
        "delete_finished_talk_track_jobs_v1(0)",
        "pause_provider_calls_v1('openai', 60)",
    ],
)
@pytest.mark.parametrize("role", ["anon", "authenticated"])
def test_worker_functions_require_the_service_role(owner: Owner, call: str, role: str) -> None:
    with owner.signed_in(role), pytest.raises(InsufficientPrivilege):
        owner.ask(f"select public.{call}")
    with owner.signed_in("service_role"):
        owner.ask(f"select public.{call}")


def test_a_job_cannot_be_created_for_the_deck_of_another_user(owner: Owner, other: Owner) -> None:
    statement = "select public.create_talk_track_job_v1(%(project)s, %(deck)s)"
    with other.signed_in(), pytest.raises(psycopg.Error) as refused:
        other.ask(statement, project=owner.project_id, deck=owner.deck_id)

    assert refused.value.sqlstate == "PT404"


@pytest.mark.parametrize("command", ["cancel", "retry"])
def test_the_job_of_another_user_is_not_found(owner: Owner, other: Owner, command: str) -> None:
    job_id = owner.add_job()
    with other.signed_in(), pytest.raises(psycopg.Error) as refused:
        other.ask(f"select public.{command}_talk_track_job_v1(%(id)s)", id=job_id)

    assert refused.value.sqlstate == "PT404"
    assert owner.job(job_id)["status"] == "pending"
