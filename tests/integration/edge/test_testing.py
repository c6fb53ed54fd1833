"""edge.testing: what a project's own tests of its functions stand on."""

from pathlib import Path

import pytest

from edge.testing import serving

pytestmark = pytest.mark.process

ECHO = """import os

print("loaded")


async def main(request):
    return {name: os.environ.get(name) for name in ("WANTED", "OTHER", "SUPABASE_URL")}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "functions/echo"
    folder.mkdir(parents=True)
    (folder / "main.py").write_text(ECHO)
    (folder / "function.toml").write_text('secrets = ["WANTED"]\n')
    (folder.parent / ".env").write_text("WANTED=real\n")
    return folder


def test_a_function_sees_the_test_s_secrets_and_not_the_developer_s(folder: Path) -> None:
    with serving(folder) as plain:
        without = plain.client.post("/").json()
    with serving(folder, secrets={"WANTED": "1", "OTHER": "2"}) as told:
        given = told.client.post("/").json()

    assert (without["WANTED"], given["WANTED"], given["OTHER"]) == (None, "1", None)
    assert given["SUPABASE_URL"].startswith("http://127.0.0.1:")


def test_the_database_is_away(folder: Path) -> None:
    (folder / "main.py").write_text(
        "import os, httpx\n\n\ndef main(request):\n"
        "    answer = httpx.get(os.environ['SUPABASE_URL'] + '/rest/v1/rows')\n"
        "    return {'status': answer.status_code, 'code': answer.json()['code']}\n"
    )
    with serving(folder) as function:
        assert function.client.post("/").json() == {"status": 503, "code": "PGRST000"}


def test_what_it_prints_can_be_read(folder: Path) -> None:
    with serving(folder) as function:
        line = function.wait_for_line("load")
        with pytest.raises(AssertionError, match="no line with 'missing' in 0 s"):
            function.wait_for_line("missing", deadline=0)

    assert line == "loaded"


def test_one_that_does_not_load_says_why(folder: Path) -> None:
    (folder / "main.py").write_text("import nothing_of_that_name\n")

    with (
        pytest.raises(AssertionError, match="No module named 'nothing_of_that_name'"),
        serving(folder),
    ):
        pass


def test_a_folder_without_a_function_is_named(folder: Path) -> None:
    (folder / "main.py").unlink()

    with pytest.raises(AssertionError, match="holds no function"), serving(folder):
        pass


def test_a_broken_manifest_is_named(folder: Path) -> None:
    (folder / "function.toml").write_text("secrets = 1\n")

    with pytest.raises(AssertionError, match=r"function\.toml: secrets"), serving(folder):
        pass
