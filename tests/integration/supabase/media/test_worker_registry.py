"""The registry of workers under callers that come at once."""

import threading

import psycopg
from psycopg.types.json import Jsonb

from edge.emulator.postgres.cluster import Cluster
from tests.support.media.database import MediaDatabase

_ROUNDS = 20
_REGISTER = "select (public.register_media_worker_v1(%s) ->> 'id')::uuid"
_REPORT = "select public.report_media_workers_v1(%s)"


def test_registrations_and_reports_at_once_neither_deadlock_nor_lose_a_failure(
    media: MediaDatabase, cluster: Cluster, database: str
) -> None:
    workers = [
        {"worker_type": "sdxl", "kind": "local", "base_url": f"http://127.0.0.1:{port}"}
        for port in (9001, 9002)
    ]
    ids = [str(media.ask(_REGISTER, Jsonb(worker))) for worker in workers]
    failed: list[str] = []

    def call(statement: str, values: list[object]) -> None:
        with psycopg.connect(cluster.dsn(database), autocommit=True) as connection:
            for turn in range(_ROUNDS):
                try:
                    connection.execute(statement, (Jsonb(values[turn % len(values)]),))
                except psycopg.Error as exc:
                    failed.append(str(exc))

    reports = [[{"id": each, "is_healthy": False, "error": "late"} for each in ids]]
    calls = [(_REGISTER, workers), (_REPORT, reports)] * 3
    threads = [threading.Thread(target=call, args=each) for each in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == []
    counted = media.ask("select array_agg(distinct failures) from public.workers")
    assert counted == [3 * _ROUNDS]
