"""Rows as files: a spreadsheet computes none of their cells."""

import json

from console.ui.export import to_csv, to_json


def test_csv_has_all_columns_and_no_formulas() -> None:
    rows = [{"a": "=1+1", "b": {"x": "ü"}}, {"a": "-2", "c": 'say "hi", twice\n'}]

    lines = to_csv(rows).decode("utf-8-sig")

    assert lines.startswith("a,b,c\r\n'=1+1,")
    assert "'-2" in lines
    assert '"say ""hi"", twice\n"' in lines


def test_json_keeps_all_values() -> None:
    rows = [{"a": "=1+1", "n": 1.5, "none": None}]

    assert json.loads(to_json(rows)) == rows
