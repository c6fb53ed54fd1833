"""supabase/config.toml: what is taken from it, and how a mistake is named."""

from pathlib import Path

import pytest

from edge.errors import EdgeError
from edge.project.config_toml import ProjectConfig, read_config


def read(tmp_path: Path, text: str, **environ: str) -> ProjectConfig:
    path = tmp_path / "config.toml"
    path.write_text(text)
    return read_config(path, environ)


def test_without_a_file_the_defaults_are_the_supabase_cli_s(tmp_path: Path) -> None:
    config = read_config(tmp_path / "missing", {})

    assert (config.port, config.db_port, config.max_rows) == (54321, 54322, 1000)
    assert (config.policy, config.inspector_port) == ("per_worker", 8083)


def test_the_runtime_s_section_is_read(tmp_path: Path) -> None:
    config = read(tmp_path, '[edge_runtime]\npolicy = "oneshot"\ninspector_port = 5678\n')

    assert (config.policy, config.inspector_port) == ("oneshot", 5678)


def test_secrets_refer_to_the_shell(tmp_path: Path) -> None:
    text = '[edge_runtime.secrets]\nA = "env(OTHER)"\nB = "plain"\nC = "env(MISSING)"\n'

    assert read(tmp_path, text, OTHER="x").secrets == {"A": "x", "B": "plain"}


def test_sections_that_are_not_ours_do_not_matter(tmp_path: Path) -> None:
    assert read(tmp_path, "[auth.email]\nenable_signup = true\n") == ProjectConfig()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("api = 1", "api must be a table"),
        ('[api]\nport = "x"', "api.port must be a whole number"),
        ("[api]\nport = true", "api.port must be a whole number"),
        ("[db]\nport = 70000", "db.port must be a port"),
        ("[api]\nschemas = [1]", "api.schemas must be a list of names"),
        ('[edge_runtime]\npolicy = "fast"', "edge_runtime.policy must be per_worker or oneshot"),
    ],
)
def test_a_wrong_value_is_named_with_its_file(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(EdgeError, match=r"config\.toml: ") as wrong:
        read(tmp_path, text)

    assert said in wrong.value.message
