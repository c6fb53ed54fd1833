"""One embedded PostgreSQL server: initdb, start, stop, and cleanup after a crash."""

import hashlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, LiteralString, cast

import psycopg
from psycopg import sql

from edge.emulator.postgres import account, extensions
from edge.emulator.postgres.host_functions import FUNCTIONS
from edge.emulator.postgres.host_server import HostServer
from edge.emulator.postgres.install import binaries, find_executables
from edge.emulator.postgres.installed_extensions import InstalledExtensions
from edge.errors import EdgeError
from edge.operating_system import processes_in

SUPERUSER: Final = "supabase_admin"
_READY_DEADLINE = 60.0
_STOP_DEADLINE = 15.0
_ORPHANS_DEADLINE = 2.0
"""What processes whose server was killed have to end by themselves, as they do when they see it."""
_LONGEST_LOG: Final = 10 << 20
# Without synchronous commits a logical decoder would see each one up to 200 ms late.
# A log of 1 GB, as by default, would be memory where the data is.
_NOT_DURABLE = ("fsync=off", "full_page_writes=off", "max_wal_size=96MB", "min_wal_size=32MB")
_DESCRIBE: Final = """\
select rolname, coalesce(setconfig, '{}') from pg_database join pg_roles r on r.oid = datdba
left join pg_db_role_setting on setdatabase = pg_database.oid and setrole = 0 where datname = %s"""
_HBA: Final = f"""\
# Written at each start. The superuser has no password and logs in over the private socket only.
local  all          all          peer map=edge
local  replication  all          peer map=edge
host   all          {SUPERUSER}  all  reject
host   replication  {SUPERUSER}  all  reject
host   all          all          127.0.0.1/32  scram-sha-256
host   replication  all          127.0.0.1/32  scram-sha-256
"""


@dataclass(slots=True)
class Cluster:
    """A PostgreSQL 18 server with its data below `data_dir`.

    It always listens on a unix socket in a short, private temporary folder, where the account that
    started it logs in as any role; with `tcp` also on 127.0.0.1:`port`, with passwords and never as
    the superuser. Without `durable` a power cut may lose data, which is fast and fine in tests.
    `settings` are more of postgresql.conf's, such as `work_mem=8MB`.
    """

    data_dir: Path
    port: int = 54322
    tcp: bool = False
    durable: bool = True
    settings: Sequence[str] = ()
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _host: HostServer | None = field(default=None, init=False)

    @property
    def socket_dir(self) -> Path:
        digest = hashlib.sha256(str(self.data_dir.resolve()).encode()).hexdigest()[:12]
        return account.temporary_folder() / f"edge-pg-{digest}"

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

    @property
    def _installed(self) -> InstalledExtensions:
        kept = self.data_dir.with_name(self.data_dir.name + "-extensions")
        return InstalledExtensions(kept, self.socket_dir / "extension")

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
        installed = find_executables(binaries()).parent
        extensions.gather(installed / "share" / "extension", self.socket_dir)
        self._installed.serve()
        if (self.data_dir / "PG_VERSION").exists():
            account.own(self.data_dir)
            self._stop_orphan()
            _write_access(self.data_dir)
            return
        unfinished = self.data_dir.with_name(self.data_dir.name + ".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        account.own(unfinished)
        self._initdb(unfinished)
        _write_access(unfinished)
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
            f"extension_control_path={self.socket_dir}:$system",
            "timezone=UTC",
            "log_line_prefix=%m [%p] (%a) ",
            "max_connections=120",
            *(() if self.durable else _NOT_DURABLE),
            *self.settings,
        ]
        program = str(find_executables(binaries()) / "postgres")
        command = [program, "-D", account.data_argument(self.data_dir), "-p", str(self.port)]
        functions = {**FUNCTIONS, "write_extension": self._installed.write}
        self._host = self._host or HostServer(self.socket_dir, functions)
        self._host.start()
        account.give(self._host.path)
        for setting in settings:
            command += ["-c", setting]
        self.rotate_log()
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.data_dir,
                start_new_session=True,
                preexec_fn=account.preexec(dies_with_parent=True),
            )

    def rotate_log(self, longest: int = _LONGEST_LOG) -> None:
        """Move a long server.log to server.log.1; the server goes on writing to server.log."""
        with suppress(OSError):
            if self.log_file.stat().st_size > longest:
                shutil.copyfile(self.log_file, self.log_file.with_suffix(".log.1"))
                os.truncate(self.log_file, 0)

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
        if self._host:
            self._host.stop()
        shutil.rmtree(self.socket_dir, ignore_errors=True)

    def create_database(self, name: str, template: str = "template1") -> str:
        """Create a database as a copy of `template`, which must be unused; returns its DSN.

        Its owner and settings are copied too, which `create database` leaves out.
        """
        with psycopg.connect(self.dsn(), autocommit=True) as connection:
            copy_database(connection, name, template)
        return self.dsn(name)

    def drop_database(self, name: str) -> None:
        """Drop a database and close its connections."""
        statement = sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name))
        with psycopg.connect(self.dsn(), autocommit=True) as connection:
            connection.execute(statement)

    def _initdb(self, data_dir: Path) -> None:
        options = ["--username", SUPERUSER, "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        program = str(find_executables(binaries()) / "initdb")
        made = subprocess.run(
            [program, "-D", account.data_argument(data_dir), *options, "--auth=reject"],
            capture_output=True,
            text=True,
            check=False,
            cwd=data_dir,
            preexec_fn=account.preexec(dies_with_parent=False),
        )
        if made.returncode != 0:
            raise EdgeError(
                f"Postgres cannot create its data in {self.data_dir}:\n{made.stderr.strip()}",
                cure=f"Make room there, remove {self.data_dir}, and start again.",
            )

    def _stop_orphan(self) -> None:
        """End a server that an earlier run left, or what is left of a killed one."""
        for sign in (signal.SIGINT, signal.SIGKILL):
            pids = self._server_pids()
            asked = pids if sign is signal.SIGKILL else pids & self._postmaster_pid()
            for pid in asked:
                with suppress(ProcessLookupError):
                    os.kill(pid, sign)
            deadline = time.monotonic() + (_STOP_DEADLINE if asked else _ORPHANS_DEADLINE)
            while self._server_pids() and time.monotonic() < deadline:
                time.sleep(0.02)

    def _postmaster_pid(self) -> set[int]:
        """The pid that a server on our data folder has noted; of one that may have ended."""
        try:
            return {int((self.data_dir / "postmaster.pid").read_text().splitlines()[0])}
        except (OSError, ValueError, IndexError):
            return set()

    def _server_pids(self) -> set[int]:
        """The processes of Postgres that work in our data folder; nothing if it was shut down."""
        if not self._postmaster_pid():
            return set()
        return processes_in(self.data_dir.resolve(), "postgres")

    def _start_failure(self) -> EdgeError:
        tail = "\n".join(self.log_file.read_text(errors="replace").splitlines()[-8:])
        if "Address already in use" in tail:
            return EdgeError(
                f"Port {self.port} is taken, so Postgres cannot listen on it.",
                cure="Stop what uses it, or choose another: edge start --db-port N",
            )
        if "No space left on device" in tail:
            return EdgeError(
                f"The disk that holds {self.data_dir} is full, so Postgres cannot start.",
                cure="Make room on it.",
            )
        return EdgeError(f"Postgres did not start. The end of {self.log_file}:\n{tail}")


def copy_database(connection: psycopg.Connection, name: str, template: str) -> None:
    """Create a database as a copy of `template`, with its owner and settings."""
    statement = sql.SQL("create database {} owner {} template {} strategy file_copy")
    found = connection.execute(_DESCRIBE, (template,)).fetchone()
    owner, settings = found or (SUPERUSER, [])
    connection.execute(statement.format(*map(sql.Identifier, (name, owner, template))))
    for setting in settings:
        connection.execute(_copy_setting(name, setting))


def _copy_setting(database: str, setting: str) -> sql.Composed:
    name, _, value = setting.partition("=")
    # A search path is a list of names, which was quoted as such when it was stored.
    literal = value if name == "search_path" else sql.Literal(value).as_string()
    return sql.SQL("alter database {} set {} = {}").format(
        sql.Identifier(database), sql.Identifier(name), sql.SQL(cast("LiteralString", literal))
    )


def _write_access(data_dir: Path) -> None:
    """Say who may log in, in a folder that may be of an older version or another account."""
    names = "".join(f'edge "{name}" all\n' for name in account.login_names())
    for file, text in (("pg_hba.conf", _HBA), ("pg_ident.conf", names)):
        (data_dir / file).write_text(text)
        account.give(data_dir / file)
