"""A reader of Prometheus' text format, written from its description and not from our writer."""

import re
from dataclasses import dataclass

import pytest

_SAMPLE = re.compile(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)")
_LABEL = re.compile(r'([a-zA-Z_]\w*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)')
_ESCAPES = {r"\\": "\\", r"\"": '"', r"\n": "\n"}


@dataclass(frozen=True, slots=True)
class Page:
    """Kinds of families by name, and samples by name and labels."""

    kinds: dict[str, str]
    samples: dict[tuple[str, frozenset[tuple[str, str]]], float]

    def value(self, name: str, **labels: str) -> float | None:
        return self.samples.get((name, frozenset(labels.items())))

    def labels(self, name: str) -> list[dict[str, str]]:
        return [dict(labels) for found, labels in self.samples if found == name]


class Parser:
    """Refuses whatever a Prometheus server would refuse."""

    def parse(self, content: bytes) -> Page:
        text = content.decode("utf-8")
        assert text.endswith("\n")
        page = Page({}, {})
        for line in text.removesuffix("\n").split("\n"):
            self._parse_line(line, page)
        return page

    def _parse_line(self, line: str, page: Page) -> None:
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name not in page.kinds, "a family appears twice"
            page.kinds[name] = kind
        elif not line.startswith("# HELP "):
            found = _SAMPLE.fullmatch(line)
            assert found, line
            key = (found[1], frozenset(self._labels(found[2] or "")))
            assert key not in page.samples, "a sample appears twice"
            page.samples[key] = float(found[3])

    def _labels(self, text: str) -> list[tuple[str, str]]:
        found = list(_LABEL.finditer(text))
        assert "".join(match[0] for match in found) == text, text
        return [(match[1], self._unescape(match[2])) for match in found]

    def _unescape(self, value: str) -> str:
        return re.sub(r"\\.", lambda escape: _ESCAPES[escape[0]], value)


@pytest.fixture
def parser() -> Parser:
    return Parser()
