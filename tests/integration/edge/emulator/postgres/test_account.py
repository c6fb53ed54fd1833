"""Who may log in to the embedded server, and what its processes may do to the machine."""

import os
import pwd
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from edge.emulator.postgres.cluster import SUPERUSER, Cluster
from edge.emulator.postgres.install import find_executables
from edge.emulator.postgres.migrations import bootstrap
from edge.errors import EdgeError

pytestmark = pytest.mark.process
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs Postgres as another account")
LOG_IN = """
import os, sys, psycopg
os.setgroups([]); os.setresgid(*3 * [int(sys.argv[1])]); os.setresuid(*3 * [int(sys.argv[1])])
with psycopg.connect(sys.argv[2]) as connection:
    print(connection.execute("select current_user").fetchone()[0])
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A server on TCP whose data folder had everybody let in, below a folder private to us."""
    data_dir = tmp_path_factory.mktemp("private") / "data"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Cluster(data_dir, port=port, tcp=True, durable=False)
    server.prepare()
    (data_dir / "pg_hba.conf").write_text("local all all trust\nhost all all all trust\n")
    (data_dir / "pg_ident.conf").write_text("")
    server.start()
    try:
        bootstrap(server.dsn())
        yield server
    finally:
        server.stop()


def over_tcp(server: Cluster, user: str) -> str:
    return f"host=127.0.0.1 port={server.port} dbname=postgres user={user} password=postgres"


def log_in_as(uid: int, dsn: str) -> str:
    """What a program of another account is answered."""
    program = [sys.executable, "-c", LOG_IN, str(uid), dsn]
    return subprocess.run(program, capture_output=True, text=True, check=False, cwd="/").stderr


def test_the_superuser_is_refused_over_tcp(server: Cluster) -> None:
    with pytest.raises(psycopg.OperationalError, match="rejects connection"):
        psycopg.connect(over_tcp(server, SUPERUSER))


def test_over_tcp_postgres_is_no_superuser_and_reads_no_files(server: Cluster) -> None:
    with psycopg.connect(over_tcp(server, "postgres"), autocommit=True) as connection:
        assert connection.execute("show is_superuser").fetchone() == ("off",)
        for statement in (
            "select pg_read_file('/etc/hostname')",
            "copy (select 1) to program 'true'",
            "select lo_import('/etc/hostname')",
            f"set role {SUPERUSER}",
            f"alter role {SUPERUSER} password 'x'",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.encode())


def test_a_wrong_password_is_refused(server: Cluster) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(over_tcp(server, "postgres").replace("password=postgres", "password=x"))


@as_root
def test_the_socket_is_ours_alone(server: Cluster) -> None:
    stranger, postgres = 12345, pwd.getpwnam("nobody").pw_uid

    assert "Permission denied" in log_in_as(stranger, server.dsn())
    assert "Peer authentication failed" in log_in_as(postgres, server.dsn())


@as_root
@pytest.mark.linux_only("elsewhere accounts have no capabilities")
def test_the_server_has_no_capability_and_cannot_leave_its_folder(server: Cluster) -> None:
    status = Path(f"/proc/{server.pid}/status").read_text()
    names = ("CapInh", "CapPrm", "CapEff", "CapAmb")
    held = {line for line in status.splitlines() if line.startswith(names)}
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        assert held == {f"{name}:\t{'0' * 16}" for name in names}
        assert "NoNewPrivs:\t1" in status
        for file in ("/etc/shadow", "/root/.profile"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("select pg_read_file(%s)", (file,))


@as_root
def test_programs_that_the_account_may_not_enter_are_copied() -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        caches, installed = Path(folder, "caches"), Path(folder, "private/bin")
        caches.mkdir()
        installed.mkdir(parents=True)
        (installed / "postgres").write_text("#!/bin/sh\n")
        (installed / "postgres").chmod(0o700)

        with pytest.raises(EdgeError, match="no folder takes a copy"):
            find_executables(installed, [caches])
        Path(folder).chmod(0o711)
        copied = find_executables(installed, [caches])

        assert copied.is_relative_to(caches)
        assert (copied / "postgres").stat().st_mode & 0o777 == 0o755
        assert find_executables(installed, [caches]) == copied


@as_root
def test_a_private_temporary_folder_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o700)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    assert Cluster(tmp_path / "data").socket_dir.parent == Path("/tmp")
