"""uvicorn without its command line serves, and the rest of it is there when it is used."""

import subprocess
import sys

_PROGRAM = """
import sys
from edge.uvicorn_parts import Config, UvicornServer
assert "uvicorn.main" not in sys.modules and "a2wsgi" not in sys.modules
import uvicorn
assert uvicorn.Server is UvicornServer and uvicorn.Config is Config
config = Config(lambda environ, start: [b""], interface="wsgi")
config.load()
try:
    uvicorn.main(["--version"])
except SystemExit as end:
    assert not end.code
from uvicorn.main import STARTUP_FAILURE, Server
assert Server is UvicornServer
"""


def test_what_is_left_out_is_imported_when_it_is_used() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert "uvicorn" in done.stdout
