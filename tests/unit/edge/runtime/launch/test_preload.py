from pathlib import Path

from edge.runtime.launch.preload import ImportScanner, modules_of


def _write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root / "functions/hello"


def test_a_function_that_imports_no_library_needs_none(tmp_path: Path) -> None:
    folder = _write(tmp_path, {"functions/hello/main.py": "import json  # not openai\n"})

    assert ImportScanner(tmp_path).libraries_of(folder) == ()


def test_libraries_are_found_at_the_top_and_inside_functions(tmp_path: Path) -> None:
    source = "import os, anthropic as a\n\ndef main():\n    from openai import AsyncOpenAI\n"
    folder = _write(tmp_path, {"functions/hello/main.py": source})

    assert ImportScanner(tmp_path).libraries_of(folder) == ("openai", "anthropic")


def test_the_project_s_own_modules_are_followed(tmp_path: Path) -> None:
    folder = _write(
        tmp_path,
        {
            "functions/hello/main.py": "from . import parts\n",
            "functions/hello/parts.py": "from shared.auth import jwks\n",
            "shared/__init__.py": "",
            "shared/auth/__init__.py": "",
            "shared/auth/jwks.py": "import jwt\n",
            "shared/other.py": "import openai\n",
        },
    )

    assert ImportScanner(tmp_path).libraries_of(folder) == ("jwt",)


def test_a_changed_source_is_read_again_after_clear(tmp_path: Path) -> None:
    folder = _write(tmp_path, {"functions/hello/main.py": ""})
    scanner = ImportScanner(tmp_path)
    before = scanner.libraries_of(folder)
    (folder / "main.py").write_text("import supabase\n")
    scanner.clear()

    assert (before, scanner.libraries_of(folder)) == ((), ("supabase",))


def test_modules_that_two_libraries_share_are_imported_once() -> None:
    modules = modules_of(("httpx", "supabase"))

    assert len(modules) == len(set(modules))
    assert modules[0] == "httpx"
