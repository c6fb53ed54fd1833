"""Speaker labels in running text: `Ann: …`, `Lee, Dana (External): …`, `営業：…`."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from backend.transcripts.turns import Utterance, join_texts

NAME: Final = r"(?:[^\W_]|\+\d|@)[\w .,'\u2019&@#+/-]{0,59}?(?: ?[(\[][^)\]\n]{1,40}[)\]])?"
_LABEL: Final = re.compile(rf"(?P<name>{NAME})\s*(?::(?=\s|$)|\uff1a)\s*(?P<text>.*)", re.DOTALL)
_BRACKETED: Final = re.compile(
    rf"(?:\[(?P<boxed>{NAME})\]|<(?P<tagged>{NAME})>)\s*(?::|\uff1a)\s*(?P<text>.*)", re.DOTALL
)
_ASIDE: Final = re.compile(r"\s*[(\[][^)\]]*[)\]]$")
_NUMBERED: Final = re.compile(
    r"(?:speaker|participant|person|voice|spk|channel)[ _-]?\w{1,4}", re.I
)
_PHONE: Final = re.compile(r"\+?[\d ().-]{7,}")
_PARTICLES_TEXT: Final = (
    "da das de del della der di do dos du e el la le of ten the van von y zu zum"
)
_PARTICLES: Final = frozenset(_PARTICLES_TEXT.split())
_ROLES_TEXT: Final = """
agent assistant bot ai human user customer client buyer prospect lead rep seller sales caller host
guest operator interviewer interviewee moderator vendedor vendedora cliente comprador agente
verkäufer verkäuferin kunde kundin berater beraterin vendeur vendeuse conseiller conseillère
client cliente acheteur comercial venditore
"""
_ROLES: Final = frozenset(_ROLES_TEXT.split())
_NO_NAMES_TEXT: Final = """
note notes step summary title date time subject warning tip example question answer q a
todo agenda attendees topic chapter section part figure table source http https re fwd from
to cc and so but well okay yes no because however remember important total
"""
_NO_NAMES: Final = frozenset(_NO_NAMES_TEXT.split())
_MOST_WORDS: Final = 7
_LABELLED_SHARE: Final = 0.5
_ROLES_SHARE: Final = 0.6  # then a name that occurs once is a word before a colon


@dataclass(frozen=True, slots=True)
class Label:
    """A possible speaker label, and the text after it."""

    name: str
    text: str


def find_label(line: str) -> Label | None:
    """Return the label that the line may begin with."""
    boxed = _BRACKETED.match(line)
    found = boxed or _LABEL.match(line)
    if found is None:
        return None
    name = ((boxed["boxed"] or boxed["tagged"]) if boxed else found["name"]).strip()
    if len(name.split()) > _MOST_WORDS:
        return None
    if not (any(character.isalpha() for character in name) or _PHONE.fullmatch(name)):
        return None
    return Label(name, found["text"].strip())


def accept_labels(lines: Iterable[str]) -> frozenset[str]:
    """Return the names that are speakers: roles, repeated names, or names on most lines."""
    found = [find_label(line) for line in lines if line]
    counts = Counter(label.name for label in found if label)
    is_most = sum(counts.values()) >= len(found) * _LABELLED_SHARE
    roles = sum(count for name, count in counts.items() if is_role(name))
    has_roles = roles >= sum(counts.values()) * _ROLES_SHARE
    return frozenset(
        name
        for name, count in counts.items()
        if is_role(name)
        or (is_name(name) and (count > 1 or (is_most and not has_roles)))
        or (count > 2 and is_most)
    )


def is_role(name: str) -> bool:
    """True for `Speaker 1` and words such as `Agent`, which rarely begin a sentence so."""
    plain = _ASIDE.sub("", name)
    words = plain.casefold().split()
    if _NUMBERED.fullmatch(plain) or _PHONE.fullmatch(plain):
        return True
    return len(words) <= 2 and any(word in _ROLES for word in words)


def is_name(name: str) -> bool:
    """True if each word begins with a capital, a digit, or a letter of a script without case."""
    words = _ASIDE.sub("", name).replace(",", " ").replace("/", " ").split()
    if not words or words[0].casefold() in _NO_NAMES:
        return False
    return all(word in _PARTICLES or not word[0].islower() for word in words)


def split_labelled(lines: Sequence[str], accepted: frozenset[str]) -> list[Utterance]:
    """Return the utterances of lines, of which each may begin with an accepted label."""
    said: list[Utterance] = []
    for line in filter(None, lines):
        label = find_label(line)
        if label and label.name in accepted:
            said.append(Utterance(label.name, label.text))
        elif said:
            before = said.pop()
            joined = join_texts(filter(None, (before.text, line)))
            said.append(Utterance(before.speaker, joined))
        else:
            said.append(Utterance(None, line))
    return said
