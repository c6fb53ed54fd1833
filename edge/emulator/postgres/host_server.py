"""Functions that SQL calls in this process, because no extension of ours can hold machine code.

`edge_internal.call(name, arguments)` of bootstrap/12_internal.sql connects by dblink to a socket
beside the server's own, and speaks Postgres's protocol as far as dblink needs it: one query, one
row.
"""

import json
import socketserver
import struct
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, cast

HostFunction = Callable[..., Any]
"""Takes and returns JSON values; a HostError becomes an SQL error."""

_SSL_REQUESTS: Final = (80877103, 80877104)
_MAX_MESSAGE: Final = 64 << 20
_PARAMETERS: Final = {
    "server_version": "18.0",
    "server_encoding": "UTF8",
    "client_encoding": "UTF8",
    "standard_conforming_strings": "on",
}


class HostError(Exception):
    """An error with an SQLSTATE, for the caller in SQL."""

    def __init__(self, message: str, sqlstate: str = "22023") -> None:
        super().__init__(message)
        self.sqlstate = sqlstate


class HostServer:
    """Answers calls of `functions` at `folder`/.s.PGSQL.1 until stop()."""

    def __init__(self, folder: Path, functions: Mapping[str, HostFunction]) -> None:
        self.path = folder / ".s.PGSQL.1"
        self._functions = functions
        self._server: _Server | None = None

    def start(self) -> None:
        """Listen, in threads of its own; does nothing if it listens already."""
        if self._server:
            return
        self.path.unlink(missing_ok=True)
        self._server = _Server(str(self.path), _Session)
        self._server.functions = self._functions
        threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True).start()

    def stop(self) -> None:
        server, self._server = self._server, None
        if server is None:
            return
        server.shutdown()
        server.server_close()
        self.path.unlink(missing_ok=True)


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    request_queue_size = 128
    functions: Mapping[str, HostFunction] = {}


class _Session(socketserver.StreamRequestHandler):
    """One connection of dblink."""

    def handle(self) -> None:
        with suppress(ConnectionError, EOFError):
            self._start()
            while (message := self._read()) is not None:
                self._answer(message)

    def _start(self) -> None:
        while True:
            (length, code) = struct.unpack("!ii", self._exactly(8))
            self._exactly(length - 8)
            if code not in _SSL_REQUESTS:
                break
            self.wfile.write(b"N")
        parameters = b"".join(
            _message(b"S", name.encode() + b"\0" + value.encode() + b"\0")
            for name, value in _PARAMETERS.items()
        )
        self.wfile.write(
            _message(b"R", struct.pack("!i", 0))
            + parameters
            + _message(b"K", struct.pack("!ii", 0, 0))
            + _message(b"Z", b"I")
        )

    def _read(self) -> str | None:
        """Return the next query; None when the client ends the session."""
        kind = self.rfile.read(1)
        if not kind:
            return None
        (length,) = struct.unpack("!i", self._exactly(4))
        if length > _MAX_MESSAGE:
            return None
        body = self._exactly(length - 4)
        return body[:-1].decode() if kind == b"Q" else None

    def _answer(self, query: str) -> None:
        try:
            request = json.loads(query)
            function = cast("_Server", self.server).functions[request["name"]]
            value = json.dumps(function(**request["arguments"])).encode()
        except HostError as exc:
            reply = _error(str(exc), exc.sqlstate)
        except Exception as exc:
            reply = _error(f"{type(exc).__name__}: {exc}", "XX000")
        else:
            reply = _row(value)
        self.wfile.write(reply + _message(b"Z", b"I"))

    def _exactly(self, length: int) -> bytes:
        data = self.rfile.read(length)
        if len(data) != length:
            raise EOFError
        return data


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!i", len(body) + 4) + body


def _row(value: bytes) -> bytes:
    column = b"result\0" + struct.pack("!ihihih", 0, 0, 25, -1, -1, 0)
    return (
        _message(b"T", struct.pack("!h", 1) + column)
        + _message(b"D", struct.pack("!hi", 1, len(value)) + value)
        + _message(b"C", b"SELECT 1\0")
    )


def _error(text: str, sqlstate: str) -> bytes:
    fields = b"SERROR\0VERROR\0C" + sqlstate.encode() + b"\0M" + text.encode() + b"\0\0"
    return _message(b"E", fields)
