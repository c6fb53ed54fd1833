"""kill -9 of a stack during uploads and writes: what was acknowledged is there after a restart."""

import hashlib
import os
import signal
import time
from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import psycopg
import pytest

from edge.emulator.storage.files import FileStore
from tests.support.cli_process import DEADLINE
from tests.support.killed_stack import running
from tests.support.waiting import PATIENCE

pytestmark = [pytest.mark.process, pytest.mark.e2e, pytest.mark.timeout(600)]

SCHEMA = """
create table public.notes (id int primary key);
grant all on public.notes to service_role;
alter publication supabase_realtime add table public.notes;
insert into storage.buckets (id, name) values ('files', 'files');
"""
CHUNK = 64 * 1024  # 700 of them are within the limit of 50 MB
WANTED = 12


@pytest.fixture
def project(tmp_path: Path) -> Path:
    migrations = tmp_path / "supabase/migrations"
    migrations.mkdir(parents=True)
    (migrations / "20260101000000_a.sql").write_text(SCHEMA)
    return tmp_path


@dataclass
class Acknowledged:
    """What the stack has said to be done."""

    objects: dict[str, str] = field(default_factory=dict)
    notes: list[int] = field(default_factory=list)
    offset: int = 0
    location: str = ""

    def is_enough(self) -> bool:
        return min(len(self.objects), len(self.notes), self.offset // CHUNK) >= WANTED


def client(details: dict[str, Any]) -> httpx.Client:
    key = details["SERVICE_ROLE_KEY"]
    headers = {"authorization": f"Bearer {key}", "apikey": key}
    return httpx.Client(base_url=details["API_URL"], headers=headers, timeout=PATIENCE)


def content(number: int) -> bytes:
    return hashlib.sha512(str(number).encode()).digest() * (1 + number % 7 * 3000)


def upload(http: httpx.Client, number: int, done: Acknowledged) -> None:
    """Upload a new object and a new version of one."""
    for name in (f"new-{number}", f"old-{number % 3}"):
        headers = {"x-upsert": "true", "content-type": "text/plain"}
        data = content(number)
        pending = f"{name}?"
        done.objects[pending] = ""  # the last answer may not come
        answer = http.post(f"/storage/v1/object/files/{name}", content=data, headers=headers)
        assert answer.status_code == 200, answer.text
        done.objects[name] = str(number)
        del done.objects[pending]


def write(http: httpx.Client, number: int, done: Acknowledged) -> None:
    assert http.post("/rest/v1/notes", json={"id": number}).status_code == 201
    done.notes.append(number)


def resume(http: httpx.Client, number: int, done: Acknowledged) -> None:
    """Send the next chunk of a resumable upload."""
    headers = {"tus-resumable": "1.0.0"}
    if not number:
        named = {"bucketName": "files", "objectName": "long", "contentType": "text/plain"}
        pairs = (f"{name} {b64encode(value.encode()).decode()}" for name, value in named.items())
        more = {"upload-length": str(CHUNK * 700), "upload-metadata": ",".join(pairs)}
        answer = http.post("/storage/v1/upload/resumable", headers=headers | more)
        done.location = httpx.URL(answer.headers["location"]).path
    more = {"upload-offset": str(done.offset), "content-type": "application/offset+octet-stream"}
    answer = http.patch(done.location, content=b"x" * CHUNK, headers=headers | more)
    assert answer.status_code == 204, answer.text
    done.offset = int(answer.headers["upload-offset"])


def keep_on(
    work: Callable[[httpx.Client, int, Acknowledged], None],
    details: dict[str, Any],
    done: Acknowledged,
) -> Thread:
    """Work until the stack is gone."""

    def run() -> None:
        with suppress(httpx.TransportError), client(details) as http:
            for number in range(690):
                work(http, number, done)

    thread = Thread(target=run)
    thread.start()
    return thread


def test_nothing_acknowledged_is_lost_and_no_file_is_left_over(project: Path) -> None:
    done = Acknowledged()
    with running(project) as (details, process):
        threads = [keep_on(work, details, done) for work in (upload, write, resume)]
        until = time.monotonic() + DEADLINE
        while not done.is_enough() and time.monotonic() < until:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        for thread in threads:
            thread.join()
    assert done.is_enough()

    unsure = {name.rstrip("?") for name in done.objects if name.endswith("?")}
    with running(project) as (details, _), client(details) as http:
        for name, number in done.objects.items():
            answer = http.get(f"/storage/v1/object/files/{name}")
            if name.rstrip("?") in unsure:  # an old or a new version, whole if it is there
                assert answer.status_code in (200, 400)
                assert len(answer.content) % 64 == 0 or answer.status_code == 400
                continue
            assert answer.status_code == 200, (name, answer.text)
            assert answer.content == content(int(number)), name
        rows = http.get("/rest/v1/notes?select=id").json()
        assert set(done.notes) <= {row["id"] for row in rows}
        offset = http.head(done.location, headers={"tus-resumable": "1.0.0"})
        assert int(offset.headers["upload-offset"]) >= done.offset
        check_sweep(project, details["DB_URL"])


def check_sweep(project: Path, dsn: str) -> None:
    """Check that an hour later each file has a row, and each row its file."""
    with psycopg.connect(dsn) as connection:
        rows = connection.execute("select version from storage.objects").fetchall()
    known = {str(version) for (version,) in rows}
    folder = project / ".edge/storage"
    store = FileStore(folder, durable=True)
    paths = [*folder.glob("??/*"), *folder.glob("tmp/*")]
    for path in paths:
        os.utime(path, (time.time() - 7200,) * 2)
    removed = store.sweep(known)
    assert removed == len(paths) - len(known)
    assert {path.name for path in folder.glob("??/*")} == known
