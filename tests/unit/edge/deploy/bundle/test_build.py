"""What goes into a bundle, what never does, and what is said of a function that cannot have one."""

import shutil
import stat
from pathlib import Path

import pytest

from edge.deploy.bundle.build import build_bundle
from edge.errors import DeployError
from tests.support.paths import ROOT

MAIN = "from shared.greeting import greet\n\n\nasync def main(request):\n    return greet()\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Two functions with shared code, and much that must stay at home."""
    files = {
        "functions/hello_you/main.py": MAIN,
        "functions/hello_you/text.py": "TEXT = 'hello'\n",
        "functions/hello_you/words/en.md": "Hello.",
        "functions/hello_you/requirements.txt": "functions-framework==3.10.2\n",
        "functions/hello_you/function.toml": "verify_jwt = false\n",
        "functions/hello_you/.env": "SECRET=1\n",
        "functions/hello_you/test_text.py": "assert True\n",
        "functions/hello_you/tests/test_main.py": "assert True\n",
        "functions/other/main.py": "async def main(request): ...\n",
        "functions/.env": "SECRET=2\n",
        "shared/__init__.py": "",
        "shared/greeting.py": "from shared import tone\nWORDS = 'words.toml'\ndef greet(): ...\n",
        "shared/words.toml": "",
        "shared/tone.py": "",
        "shared/unused.py": "import retell\n",
        "requirements.lock": (ROOT / "requirements.lock").read_text(),
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def write(project: Path, name: str, text: str) -> None:
    (project / "functions/hello_you" / name).write_text(text)


def refusal(project: Path) -> str:
    with pytest.raises(DeployError) as caught:
        build_bundle(project, "hello-you")
    return str(caught.value)


def test_it_holds_the_function_what_it_imports_and_no_more(project: Path) -> None:
    files = build_bundle(project, "hello-you").files

    assert {name for name in files if not name.startswith("edge/")} == {
        "functions/hello_you/function.toml",
        "functions/hello_you/main.py",
        "functions/hello_you/text.py",
        "functions/hello_you/words/en.md",
        "main.py",
        "manifest.json",
        "requirements.txt",
        "shared/__init__.py",
        "shared/greeting.py",
        "shared/tone.py",
        "shared/words.toml",
    }
    assert "edge/standalone/auth.py" not in files  # it lets everybody in
    assert not any(b"SECRET=" in content for content in files.values())


def test_the_same_input_makes_the_same_bytes_elsewhere(project: Path, tmp_path: Path) -> None:
    first = build_bundle(project, "hello-you")
    elsewhere = tmp_path / "elsewhere" / "deep"
    shutil.copytree(project, elsewhere, copy_function=shutil.copyfile)
    for path in elsewhere.rglob("*.py"):
        path.chmod(stat.S_IRUSR | stat.S_IWUSR)

    again = build_bundle(elsewhere, "hello-you")

    assert (again.digest, dict(again.files)) == (first.digest, dict(first.files))


def test_any_change_is_another_digest(project: Path) -> None:
    before = build_bundle(project, "hello-you").digest
    write(project, "function.toml", "verify_jwt = false\nmemory = '512MB'\n")

    assert build_bundle(project, "hello-you").digest != before


def test_packages_are_those_of_the_function_with_their_hashes() -> None:
    data, contacts = (build_bundle(ROOT, s) for s in ("structured-data", "import-contacts"))

    assert "openai" in data.manifest["packages"]
    assert "anthropic" not in data.manifest["packages"]
    assert not {"openai", "anthropic"} & set(contacts.manifest["packages"])
    lines = contacts.files["requirements.txt"].decode().splitlines()
    pins = [number for number, line in enumerate(lines) if "==" in line]
    assert pins
    assert all(lines[number + 1].startswith("    --hash=sha256:") for number in pins)


def test_telemetry_is_in_the_bundle_only_where_it_is_wanted() -> None:
    without, with_it = (
        build_bundle(ROOT, "get-negative-prompt", has_telemetry=wanted) for wanted in (False, True)
    )

    assert not [name for name in without.manifest["packages"] if name.startswith("opentelemetry-s")]
    assert not [name for name in without.files if "telemetry/export" in name]
    added = {"opentelemetry-sdk", "opentelemetry-exporter-otlp-proto-http", "protobuf"}
    assert added <= set(with_it.manifest["packages"])
    assert {"edge/telemetry/export.py", "edge/standalone/telemetry.py"} <= set(with_it.files)
    assert b'telemetry=create_telemetry("get-negative-prompt", _ENV' in with_it.files["main.py"]


def test_what_stands_before_it_brings_its_packages_along(project: Path) -> None:
    assert "pyjwt" not in build_bundle(project, "hello-you").manifest["packages"]
    write(project, "function.toml", "")

    bundle = build_bundle(project, "hello-you")

    assert {"pyjwt", "cryptography"} <= set(bundle.manifest["packages"])
    assert "edge/standalone/auth.py" in bundle.files


def test_a_package_that_nothing_imports_is_told(project: Path) -> None:
    write(project, "requirements.txt", "functions-framework==3.10.2\nhttpx==0.28.1\n")

    assert build_bundle(project, "hello-you").unused == ("httpx",)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import edge.tokens\nasync def main(r): ...\n", "main.py:1: a function may not import"),
        ("\nfrom functions.other import main as x\nasync def main(r): ...\n", "main.py:2"),
        ("from ..other import main as x\nasync def main(r): ...\n", "functions.other"),
        ("async def main(r):\n    import numpy\n", "main.py:2: numpy is imported"),
        ("async def main(r)\n    pass\n", "main.py:1: expected ':'"),
        ("async def start(r): ...\n", "has no function main. It has: start."),
        ("@http\nasync def a(r): ...\n@aio.http\nasync def b(r): ...\n", "It has: a, b."),
        ("@functions_framework.typed\ndef main(x: X): ...\n", "main is typed, which cannot"),
    ],
)
def test_what_cannot_run_alone_is_named_with_its_line(
    project: Path, source: str, said: str
) -> None:
    write(project, "main.py", source)

    assert said in refusal(project)


@pytest.mark.parametrize(
    ("source", "toml"),
    [
        ("@functions_framework.aio.http\nasync def greet(r): ...\ndef other(): ...\n", ""),
        ("async def main(r): ...\nasync def greet(r): ...\n", 'entry_point = "greet"\n'),
    ],
)
def test_the_entry_point_is_what_the_bundle_serves(project: Path, source: str, toml: str) -> None:
    write(project, "main.py", source)
    write(project, "function.toml", toml)

    main = build_bundle(project, "hello-you").files["main.py"].decode()

    assert "from functions.hello_you.main import greet as function" in main


@pytest.mark.parametrize(
    ("source", "function"),
    [
        ("def main(r): ...\n", "adapt_plain_function(function, 7)"),
        ("@functions_framework.cloud_event\ndef on(e): ...\n", "adapt_event_handler(function, 7)"),
        ("@aio.cloud_event\nasync def on(e): ...\n", "adapt_event_handler(function, 7)"),
    ],
)
def test_plain_functions_and_event_handlers_are_adapted(
    project: Path, source: str, function: str
) -> None:
    write(project, "main.py", source)
    write(project, "function.toml", "concurrency = 7\n")

    files = build_bundle(project, "hello-you").files

    assert f"function={function}," in files["main.py"].decode()
    assert "edge/standalone/adapter.py" in files


@pytest.mark.parametrize(
    ("requirements", "said"),
    [
        ("functions-framework\n", "requirements.txt:1: functions-framework is not pinned"),
        ("# new\nfunctions-framework>=3\n", "requirements.txt:2: functions-framework>=3"),
        ("functions-framework==3.10.*\n", "is not pinned"),
        ("functions-framework==3.0.0\n", "is not what requirements.lock has: 3.10.2"),
        ("leftpad==1.0\n", "leftpad is not in requirements.lock"),
        ("-r other.txt\n", "requirements.txt:1: not a requirement"),
    ],
)
def test_a_requirement_that_is_no_pin_of_the_lock_is_named(
    project: Path, requirements: str, said: str
) -> None:
    write(project, "requirements.txt", requirements)

    assert said in refusal(project)


def test_without_requirements_there_is_no_bundle(project: Path) -> None:
    (project / "functions/hello_you/requirements.txt").unlink()

    assert "requirements.txt is missing" in refusal(project)


def test_a_broken_function_toml_is_named(project: Path) -> None:
    write(project, "function.toml", "verify_jwt = \n")

    assert "function.toml is not valid TOML" in refusal(project)


def test_a_name_that_the_platform_refuses_is_refused_here(project: Path) -> None:
    (project / "functions/hello_you").rename(project / "functions/Hello")

    with pytest.raises(DeployError, match="cannot be the name of a service"):
        build_bundle(project, "Hello")


def test_without_a_lock_the_function_s_own_pins_count(project: Path) -> None:
    (project / "requirements.lock").unlink()

    bundle = build_bundle(project, "hello-you")

    assert bundle.files["requirements.txt"] == b"functions-framework==3.10.2\n"
    assert bundle.manifest["packages"] == {"functions-framework": "3.10.2"}


def test_types_for_a_checker_need_no_package(project: Path) -> None:
    source = (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import numpy\n"
        "async def main(r): ...\n"
    )
    write(project, "main.py", source)

    assert build_bundle(project, "hello-you").manifest["unused"] == []


@pytest.mark.parametrize(
    "where",
    [
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    pass\nelse:\n    import numpy\n",
        "async def f():\n    async with g() as h:\n        import numpy\n",
        "try:\n    pass\nexcept* ValueError:\n    import numpy\n",
        "match 1:\n    case 2:\n        import numpy\n",
        "class A:\n    while 0:\n        pass\n    else:\n        import numpy\n",
    ],
)
def test_an_import_is_found_in_any_block(project: Path, where: str) -> None:
    write(project, "main.py", where + "async def main(r): ...\n")

    assert "numpy is imported" in refusal(project)


def test_a_file_that_has_changed_is_read_again(project: Path) -> None:
    first = build_bundle(project, "hello-you")
    write(project, "main.py", "import numpy\nasync def main(r): ...\n")

    assert first
    assert "numpy is imported" in refusal(project)


def test_without_a_lock_what_stands_before_it_is_added_to_its_pins(project: Path) -> None:
    (project / "requirements.lock").unlink()
    write(project, "function.toml", "")

    bundle = build_bundle(project, "hello-you")

    lines = bundle.files["requirements.txt"].decode().splitlines()
    assert lines[0] == "functions-framework==3.10.2"
    assert [line.partition("==")[0] for line in lines[1:]] == ["httpx", "pyjwt[crypto]"]
    assert not bundle.has_hashes


def test_hashes_without_a_lock_must_also_know_what_stands_before_it(project: Path) -> None:
    (project / "requirements.lock").unlink()
    write(project, "function.toml", "")
    write(project, "requirements.txt", "functions-framework==3.10.2 --hash=sha256:00\n")

    assert "pyjwt[crypto]" in refusal(project)
