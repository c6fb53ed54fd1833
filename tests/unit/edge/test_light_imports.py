"""Modules that are postponed are imported when they are used, and versions are those installed."""

import importlib.metadata
import subprocess
import sys

_PROGRAM = """
import sys
from edge.light_imports import PostponedModule, postpone, state_versions

def is_postponed(name):
    return isinstance(sys.modules[name], PostponedModule)

postpone("colorsys", "wave", "xml.dom", "xml.dom.minidom", "sys")
import colorsys, wave, xml.dom.minidom
assert all(map(is_postponed, ("colorsys", "wave", "xml.dom", "xml.dom.minidom")))
assert not is_postponed("sys")

assert colorsys.rgb_to_hsv(0, 0, 0) == (0.0, 0.0, 0)
assert not is_postponed("colorsys") and is_postponed("wave")
from wave import open as opened
assert opened is sys.modules["wave"].open

assert xml.dom.NOT_FOUND_ERR == 8
assert not is_postponed("xml.dom") and is_postponed("xml.dom.minidom")
assert sys.modules["xml.dom"].minidom.parseString("<a/>").documentElement.tagName == "a"
assert xml.dom.minidom.Document is sys.modules["xml.dom.minidom"].Document
try:
    colorsys.nothing
except AttributeError as exc:
    assert "colorsys" in str(exc)

state_versions("psycopg", "psycopg_binary", "no_such_package")
import psycopg, psycopg_binary
assert "importlib.metadata" not in sys.modules
print(psycopg.__version__, psycopg_binary.__version__)
"""


def test_what_is_postponed_is_imported_when_it_is_used() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")
    versions = [importlib.metadata.version(name) for name in ("psycopg", "psycopg-binary")]
    assert done.stdout.split() == versions
