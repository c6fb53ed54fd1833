"""verify_jwt of functions in config.toml, edited without touching anything else."""

import tomllib

import pytest

from edge.deploy.relay.config_edit import set_verify_jwt


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[api]\nport = 1 # ours",
        "[functions.hello]\n",
        "[functions.hello]",
        "[functions.hello]\nenabled = true\nverify_jwt = true # why\n[auth]\nverify_jwt = true\n",
        '[functions."hello"]\n\n[functions.other]\nverify_jwt = true\n',
        "  [ functions . hello ]\r\n  verify_jwt=true\r\n",
        "[functions.hello.env]\nA = '1'\n",
        "[functions.hello]\nverify_jwt = 'env(X)'\n[db]\n",
        "[functions]\n",
    ],
)
def test_a_setting_is_written_and_the_rest_stays(text: str) -> None:
    edited = set_verify_jwt(text, {"hello": False})

    if "env(X)" in text:
        assert edited is None
        return
    assert edited is not None
    before, after = tomllib.loads(text), tomllib.loads(edited)
    assert after["functions"].pop("hello")["verify_jwt"] is False
    before.get("functions", {}).pop("hello", None)
    assert after.get("functions") == (before.get("functions") or {})
    assert {k: v for k, v in after.items() if k != "functions"} == {
        k: v for k, v in before.items() if k != "functions"
    }
    assert ("# why" in edited, "# ours" in edited) == ("# why" in text, "# ours" in text)
    assert set_verify_jwt(edited, {"hello": False}) == edited


@pytest.mark.parametrize(
    "text",
    ["not toml", "functions = 1\n", "functions = { hello = { verify_jwt = true } }\n"],
)
def test_what_cannot_be_edited_by_lines_is_left(text: str) -> None:
    assert set_verify_jwt(text, {"hello": False}) is None
