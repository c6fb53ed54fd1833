"""Request bodies are parsed into payloads, or refused with PGRST102."""

import pytest

from edge.emulator.rest.errors import RestError
from edge.emulator.rest.request.payload import parse_payload

JSON = "application/json"


def test_a_body_keeps_its_bytes_and_yields_its_keys():
    payload = parse_payload(b'[{"a":1,"b":2},{"b":3,"a":4}]', JSON, None, for_routine=False)

    assert payload.raw == b'[{"a":1,"b":2},{"b":3,"a":4}]'
    assert payload.keys == ("a", "b")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "Empty or invalid json"),
        (b"{", "Empty or invalid json"),
        (b'{"a": NaN}', "Empty or invalid json"),
        (b'{"a": "\xff"}', "Empty or invalid json"),
        (b"[" * 100_000, "Empty or invalid json"),
        (b'[{"a":1},{"b":2}]', "All object keys must match"),
        (b"[1]", "All object keys must match"),
    ],
)
def test_a_body_that_is_not_rows_is_refused(body: bytes, message: str):
    with pytest.raises(RestError) as caught:
        parse_payload(body, JSON, None, for_routine=False)

    assert (caught.value.code, caught.value.message) == ("PGRST102", message)


def test_csv_and_forms_become_json():
    csv = parse_payload(b"a,b\n1,NULL\n", "text/csv", None, for_routine=False)
    form = parse_payload(b"a=1&b=x+y", "application/x-www-form-urlencoded", None, for_routine=False)

    assert (csv.raw, csv.keys, csv.is_table) == (b'[["1",null]]', ("a", "b"), True)
    assert (form.raw, form.is_object) == (b'{"a": "1", "b": "x y"}', True)


def test_an_unknown_content_type_is_refused():
    with pytest.raises(RestError) as caught:
        parse_payload(b"<a/>", "image/png", None, for_routine=False)

    assert caught.value.message == "Content-Type not acceptable: image/png"
