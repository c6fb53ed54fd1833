"""Turns Markdown into the words that are said, without its marks."""

import html
import re
from typing import Final

_TAGS: Final = "a|b|big|center|code|em|font|i|img|mark|s|small|span|strong|sub|sup|tbody|thead|u"
# Every repetition is bounded: a text of marks alone takes no longer than another one.
_BLOCKS: Final = "blockquote|br|div|h[1-6]|hr|li|ol|p|pre|table|td|th|tr|ul"
_RULES: Final = tuple(
    (re.compile(pattern, re.MULTILINE | re.IGNORECASE), replacement)
    for pattern, replacement in (
        (r"^[ \t]*(```|~~~).{0,200}$", ""),  # the marks of a block of code
        (r"<!--(?:.|\n){0,500}?-->", ""),
        (r"!\[[^\]\n]{0,300}\]\([^)\n]{0,500}\)", ""),  # an image
        (r"\[([^\]\n]{1,300})\]\([^)\n]{0,500}\)", r"\1"),  # a link
        (r"\[([^\]\n]{1,300})\]\[[^\]\n]{0,100}\]", r"\1"),
        (rf"</?(?:{_BLOCKS})(?:\s[^<>\n]{{0,200}})?/?>", "\n"),
        (rf"</?(?:{_TAGS})(?:\s[^<>\n]{{0,200}})?/?>", " "),
        (r"^[ \t]{0,3}#{1,6}[ \t]+", ""),
        (r"[ \t]{1,10}#{1,6}[ \t]{0,10}$", ""),
        (r"^[ \t]{0,3}(>[ \t]?){1,10}", ""),
        (r"^[ \t]*([-*_][ \t]{0,3}){3,100}$", ""),  # a rule
        (r"^[ \t]*([-*+\u2022\u2023\u25e6\u25aa]|\d{1,3}[.)])[ \t]+(\[[ x]\][ \t]+)?", ""),
        (r"^[ \t]*\|?([ \t]{0,9}:?-{3,99}:?[ \t]{0,9}\|){1,50}[ \t]{0,9}:?-{0,99}:?[ \t]*$", ""),
        (r"^[ \t]*\|(.{0,2000})\|[ \t]*$", r"\1"),  # a line of a table
        (r"(\*\*\*|___)(?=\S)(.{1,500}?)(?<=\S)\1", r"\2"),
        (r"(\*\*|__)(?=\S)(.{1,500}?)(?<=\S)\1", r"\2"),
        (r"(?<![\w*])\*(?=\S)([^*\n]{1,500}?)(?<=\S)\*(?![\w*])", r"\1"),
        (r"(?<![\w_])_(?=\S)([^_\n]{1,500}?)(?<=\S)_(?![\w_])", r"\1"),
        (r"~~(?=\S)(.{1,500}?)(?<=\S)~~", r"\1"),
        (r"==(?=\S)(.{1,500}?)(?<=\S)==", r"\1"),
        (r"`{1,3}([^`\n]{1,500})`{1,3}", r"\1"),
        (r"\\([\\`*_{}\[\]()#+.!|~>-])", r"\1"),
    )
)
_MARKS: Final = re.compile(
    r"[*_`#<>|~=\\\[\u2022\u2023\u25e6\u25aa]|^[ \t]*([-+]|\d{1,3}[.)])", re.MULTILINE
)
_CELL: Final = re.compile(r"[ \t]{1,9}\|[ \t]{1,9}")
_LONGEST: Final = 20_000


def strip_markdown(text: str) -> str:
    """Return the words of up to 20,000 characters, line by line; commas separate table cells."""
    plain = html.unescape(text[:_LONGEST])
    if not _MARKS.search(plain):
        return plain.strip()
    for pattern, replacement in _RULES:
        plain = pattern.sub(replacement, plain)
    return _CELL.sub(", ", plain).strip()
