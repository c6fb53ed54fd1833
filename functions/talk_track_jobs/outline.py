"""Reads a deck from a Markdown outline: slides between rules, below headings, or as bullets."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from shared.talk_tracks.markdown import strip_markdown

_HEADING: Final = re.compile(r"(#{1,6})[ \t]+(.+?)[ \t#]*")
_RULE: Final = re.compile(r"(-[ \t]?){3,}|(\*[ \t]?){3,}|(_[ \t]?){3,}")
_FENCE: Final = re.compile(r"[ \t]*(```|~~~)")
_BULLET: Final = re.compile(r"([-*+]|\d{1,3}[.)])[ \t]+(.+)")
_FRONT_MATTER: Final = re.compile(r"\A---[ \t]*\n(.{0,20000}?)\n---[ \t]*\n", re.DOTALL)
_TITLE: Final = re.compile(r"""^title:[ \t]*["']?(.+?)["']?[ \t]*$""", re.MULTILINE)
_SETEXT: Final = re.compile(r"^(\S[^\n]{0,500})\n={2,}[ \t]*$", re.MULTILINE)
_SETTING: Final = re.compile(r"[a-zA-Z][\w-]*:(?: .*)?|\s+.*|")
_NOTE: Final = re.compile(r"(?:speaker )?notes?:[ \t]*", re.IGNORECASE)
_DIRECTIVE: Final = re.compile(r"<!--\s*_?[\w-]+:[^\n]{0,300}-->")
_COMMENT: Final = re.compile(r"<!--((?:.|\n){0,5000}?)-->")


@dataclass(slots=True)
class _Block:
    """A heading, or none, and the lines below it; its level is 0 without a heading."""

    title: str = ""
    level: int = 0
    lines: list[str] = field(default_factory=list[str])

    @property
    def has_text(self) -> bool:
        return any(line.strip() for line in self.lines)


def read_outline(text: str) -> tuple[str, list[dict[str, Any]]]:
    """Return the title, empty if there is none, and the slides."""
    body, title = _split_front_matter(text.replace("\r\n", "\n"))
    body = _COMMENT.sub(r"\1", _DIRECTIVE.sub("", body))  # comments are notes
    lines = _drop_code(_SETEXT.sub(r"# \1", body).split("\n"))
    if any(_RULE.fullmatch(line.strip()) for line in lines):
        slides = _read_ruled(lines)
    else:
        blocks = _read_blocks(lines)
        if any(block.level for block in blocks):
            title, slides = _read_headings(blocks, title)
        else:
            slides = _read_bullets(lines)
    numbered = [{"slideNumber": n, **slide} for n, slide in enumerate(slides, 1)]
    return strip_markdown(title), numbered


def _split_front_matter(text: str) -> tuple[str, str]:
    found = _FRONT_MATTER.match(text)
    if not found:
        return text, ""
    title = _TITLE.search(found[1])
    return text[found.end() :], title[1] if title else ""


def _drop_code(lines: Sequence[str]) -> list[str]:
    kept: list[str] = []
    is_code = False
    for line in lines:
        if _FENCE.match(line):
            is_code = not is_code
        elif not is_code:
            kept.append(line)
    return kept


def _read_blocks(lines: Sequence[str]) -> list[_Block]:
    blocks = [_Block()]
    for line in lines:
        if found := _HEADING.fullmatch(line.strip()):
            blocks.append(_Block(found[2], len(found[1])))
        else:
            blocks[-1].lines.append(line)
    return blocks


def _read_ruled(lines: Sequence[str]) -> list[dict[str, Any]]:
    parts: list[list[str]] = [[]]
    for line in lines:
        if _RULE.fullmatch(line.strip()) or line.strip() == "--":  # reveal.js: a slide below
            parts.append([])
        else:
            parts[-1].append(_NOTE.sub("", line, count=1) if _NOTE.match(line) else line)
    slides: list[dict[str, Any]] = []
    for part in parts:
        if any(map(str.strip, part)) and all(map(_SETTING.fullmatch, part)) and _has_layout(part):
            continue  # Slidev's settings of the next slide
        blocks = [block for block in _read_blocks(part) if block.title or block.has_text]
        if blocks:
            title = next((block.title for block in blocks if block.title), "")
            below = [line for b in blocks for line in (b.title, *b.lines) if line != title]
            slides.append(_render(title, below))
    return slides


def _has_layout(lines: Sequence[str]) -> bool:
    names = ("layout:", "class:", "background:", "transition:", "image:", "clicks:", "theme:")
    return any(line.startswith(names) for line in lines)


def _read_headings(blocks: Sequence[_Block], title: str) -> tuple[str, list[dict[str, Any]]]:
    """The highest level with text below it is the slides'; headings above are sections.

    A single heading above all of them is the deck's title.
    """
    headed = [block for block in blocks if block.level]
    level = min((b.level for b in headed if b.has_text), default=max(b.level for b in headed))
    above = [block for block in headed if block.level < level]
    if above and sum(block.level == above[0].level for block in above) == 1:
        title = title or above[0].title
        above = above[1:]
    slides: list[dict[str, Any]] = []
    section = ""
    for block in headed:
        if block.level == level:
            slides.append({**_render(block.title, block.lines), "section": section})
        elif block.level > level and slides:
            slides[-1]["bullets"] += [block.title, *filter(str.strip, block.lines)]
        elif block in above:
            section = strip_markdown(block.title)
    if blocks[0].has_text and not blocks[0].level:
        slides.insert(0, {**_render("", blocks[0].lines), "section": ""})
    return title, slides


def _read_bullets(lines: Sequence[str]) -> list[dict[str, Any]]:
    """Each outer bullet is a slide; without bullets each paragraph is one."""
    slides: list[dict[str, Any]] = []
    has_bullets = any(_BULLET.match(line) for line in lines)
    is_new = True
    for line in lines:
        found = _BULLET.match(line)
        if found or (not has_bullets and is_new and line.strip()):
            slides.append(_render(found[2] if found else line, []))
        elif line.strip() and slides:
            slides[-1]["bullets"].append(line.strip())
        is_new = not line.strip()
    return slides


def _render(title: str, lines: Sequence[str]) -> dict[str, Any]:
    return {"title": title.strip(), "bullets": [line.strip() for line in lines if line.strip()]}
