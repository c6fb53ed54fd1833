"""A call as code: what a shell, Python and Node read back is what was meant."""

import ast
import json
import shlex

import pytest

from console.snippets import Call, as_curl, as_javascript, as_python

HOSTILE = 'it\'s "quoted" $HOME `id` \\ \n 🎈 </script> ${x}'
CALLS = [
    Call("http://localhost:54321", "hello", body='{"name": "Ada"}', key="sb_publishable_x"),
    Call("http://localhost:54321", "hello", method="GET", path="/a b/ü", query="q=1&x=%20"),
    Call("http://localhost:54321", "hello", body=json.dumps({"text": HOSTILE}), key=HOSTILE),
    Call("http://localhost:54321", "hello", body=HOSTILE, headers={"X-Note": HOSTILE}),
    Call("http://localhost:54321", "hello", body='{"flag": true, "none": null}'),
]


@pytest.mark.parametrize("call", CALLS)
def test_a_shell_reads_curl_back(call: Call) -> None:
    words = shlex.split(as_curl(call).replace("\\\n", ""))

    assert words[:4] == ["curl", "-X", call.method, call.address]
    if call.body:
        assert words[words.index("--data-raw") + 1] == call.body
    for name, value in call.headers.items():
        assert f"{name}: {value}" in words


@pytest.mark.parametrize("call", CALLS)
def test_python_reads_the_program_back(call: Call) -> None:
    tree = ast.parse(as_python(call))
    values = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]

    assert call.method in values
    assert call.key in values
    if call.body and not call.has_json:
        assert call.body in values


@pytest.mark.parametrize("call", CALLS)
def test_the_module_has_the_body_as_json(call: Call) -> None:
    text = as_javascript(call)
    line = next((each for each in text.splitlines() if each.startswith("  body: ")), None)

    if call.body:
        assert line is not None
        read = json.loads(line.removeprefix("  body: ").removesuffix(","))
        assert read == (json.loads(call.body) if call.has_json else call.body)
    else:
        assert line is None


def test_the_address_is_encoded_once() -> None:
    call = Call("http://localhost:54321", "hello", path="a b/%41", query="q=%20")

    assert call.address == "http://localhost:54321/functions/v1/hello/a%20b/%41?q=%20"


def test_forms_are_read_back() -> None:
    parts = [
        {"name": "title", "value": HOSTILE},
        {"name": "photo", "filename": 'a "b".png', "content_type": "image/png"},
    ]
    call = Call("http://localhost:54321", "hello", parts=parts, key="sb_publishable_x")
    words = shlex.split(as_curl(call).replace(" \\\n", " "))
    values = [n.value for n in ast.walk(ast.parse(as_python(call))) if isinstance(n, ast.Constant)]

    assert words[words.index("--form-string") + 1] == f"title={HOSTILE}".replace(" \\\n", " ")
    assert words[words.index("-F") + 1] == 'photo=@"a \\"b\\".png";type=image/png'
    assert {HOSTILE, 'a "b".png', "image/png", "Bearer sb_publishable_x"} <= set(values)
    assert f'form.append("title", {json.dumps(HOSTILE, ensure_ascii=False)});' in as_javascript(
        call
    )
