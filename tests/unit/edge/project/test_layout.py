"""Where a project and its functions are found."""

from pathlib import Path

import pytest

from edge.errors import EdgeError
from edge.project.config_toml import FunctionConfig
from edge.project.layout import find_functions, find_project, find_typescript


def touch(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")


def test_python_functions_are_found_in_either_folder(tmp_path: Path) -> None:
    assert find_functions(tmp_path) == tmp_path / "functions"
    touch(tmp_path, "supabase/functions/a/index.ts")
    assert find_functions(tmp_path) == tmp_path / "supabase/functions"
    touch(tmp_path, "functions/firebase.js")
    assert find_functions(tmp_path) == tmp_path / "supabase/functions"
    touch(tmp_path, "functions/b/main.py")
    assert find_functions(tmp_path) == tmp_path / "functions"


def test_typescript_functions_are_those_without_python(tmp_path: Path) -> None:
    touch(
        tmp_path,
        "supabase/functions/a/index.ts",
        "supabase/functions/both/index.ts",
        "supabase/functions/both/main.py",
        "supabase/functions/_shared/index.ts",
        "supabase/functions/tests/a.ts",
        "supabase/functions/page/index.html",
    )
    assert list(find_typescript(tmp_path)) == ["a"]


def test_a_typescript_entrypoint_of_config_toml_is_found_wherever_it_is(tmp_path: Path) -> None:
    (tmp_path / "supabase/functions/_apps").mkdir(parents=True)
    script = tmp_path / "supabase/functions/_apps/api.ts"
    script.touch()
    python = tmp_path / "supabase/functions/_apps/worker.py"
    configured = {
        "api": FunctionConfig(entrypoint=script),
        "worker": FunctionConfig(entrypoint=python),
        "gone": FunctionConfig(entrypoint=tmp_path / "gone.ts"),
    }

    assert find_typescript(tmp_path, configured) == {"api": script.parent}


def test_the_project_around_a_folder_is_found(tmp_path: Path) -> None:
    touch(tmp_path, "supabase/config.toml", "src/deep/file.ts")
    assert find_project(tmp_path / "src/deep") == tmp_path
    assert find_project(tmp_path / "supabase") == tmp_path


def test_the_only_project_of_a_monorepo_is_found(tmp_path: Path) -> None:
    touch(tmp_path, "packages/db/supabase/migrations/1_a.sql", "package.json")
    touch(tmp_path, "node_modules/x/supabase/config.toml", ".cache/supabase/config.toml")
    assert find_project(tmp_path) == tmp_path / "packages/db"


def test_of_several_one_must_be_named(tmp_path: Path) -> None:
    touch(tmp_path, "a/supabase/config.toml", "b/supabase/config.toml")
    with pytest.raises(EdgeError, match="There are 2 projects below") as error:
        find_project(tmp_path)
    assert "  a\n  b" in error.value.message
    assert "--workdir" in (error.value.cure or "")


def test_without_a_project_the_folder_itself_is_taken(tmp_path: Path) -> None:
    assert find_project(tmp_path) == tmp_path
