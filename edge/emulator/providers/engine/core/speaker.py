"""Recognition of speaker names among the labels of a transcript."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from edge.emulator.providers.engine.core.line import Label, Line, LineKind

_SELLER_LABELS_TEXT = """
rep reps agent seller sales salesperson salesman saleswoman ae sdr bdr advisor adviser
consultant representative closer vendor account solutions assistant bot ai
vendedor vendedora comercial asesor asesora ejecutivo verkäufer verkäuferin berater beraterin
vertrieb vendeur vendeuse conseiller conseillère commercial commerciale consultor consultora
営業 担当 担当者 销售 客服 銷售
"""
SELLER_LABELS = frozenset(_SELLER_LABELS_TEXT.split())
_BUYER_LABELS_TEXT = """
customer client buyer prospect lead shopper purchaser
cliente comprador compradora kunde kundin interessent interessentin käufer cliente acheteur
acheteuse 顧客 お客様 客户 顾客 客戶
"""
BUYER_LABELS = frozenset(_BUYER_LABELS_TEXT.split())
_OTHER_ROLES_TEXT = """
host guest caller user patient member doctor interviewer interviewee participant moderator
operator speaker man woman person
"""
_OTHER_ROLES = frozenset(_OTHER_ROLES_TEXT.split())
_ROLE_WORDS = SELLER_LABELS | BUYER_LABELS | _OTHER_ROLES
_OTHER_RELATION_TEXT = """
doctor nurse patient teacher pupil student parent mum mom dad mother father interviewer interviewee
candidate waiter waitress guest
"""
OTHER_RELATION_LABELS = frozenset(_OTHER_RELATION_TEXT.split())
_NOT_NAMES_TEXT = """
note notes step steps ingredients method instructions directions summary title date time subject
warning tip tips example examples question answer q a todo agenda attendees topic chapter
section part figure table source http https re fwd from to cc serves prep total monday tuesday
wednesday thursday friday saturday sunday def class return else try if for while but and so well
okay yes no because however remember important
"""
_NOT_NAMES = frozenset(_NOT_NAMES_TEXT.split())
_WORD = re.compile(r"\w+")
_NUMBERED = re.compile(r"(?:speaker|participant|person|voice)[ _]?\w{1,3}$")
_CAPITAL_SHARE_OF_LINES = 0.5


def normalize_name(name: str) -> str:
    """Return the key that all spellings of a name share."""
    return " ".join(name.replace("_", " ").casefold().split())


def label_words(name: str) -> set[str]:
    """Split into words: `Sales agent` → sales, agent."""
    return set(_WORD.findall(normalize_name(name)))


def accept_names(lines: Sequence[Line]) -> frozenset[str]:
    """Return the keys of speaker labels: known roles, repeated names, or labels on most lines."""
    labels = [label for line in lines for label in line.labels]
    counts = Counter(normalize_name(label.name) for label in labels if _may_be_name(label.name))
    roles = {key for key in counts if is_role(key)}
    repeated = {key for key, count in counts.items() if count > 1}
    if _labels_dominate(lines, counts):
        return frozenset(counts)
    return frozenset(roles | repeated)


def is_role(key: str) -> bool:
    """True for role labels, which do not occur in prose: `rep`, `Speaker 1`, `sales agent`."""
    return bool(_NUMBERED.match(key)) or any(word in _ROLE_WORDS for word in key.split())


def _may_be_name(name: str) -> bool:
    key = normalize_name(name)
    if is_role(key):
        return True
    words = name.split()
    starts_lower = words[0][0].islower() or words[-1][0].islower()
    return not starts_lower and not any(word in _NOT_NAMES for word in key.split())


def _labels_dominate(lines: Sequence[Line], counts: Counter[str]) -> bool:
    speech = [line for line in lines if line.kind is LineKind.SPEECH]
    labelled = sum(1 for line in speech if _has_leading(line.labels, counts))
    return len(counts) > 1 and labelled >= len(speech) * _CAPITAL_SHARE_OF_LINES


def _has_leading(labels: Iterable[Label], counts: Counter[str]) -> bool:
    return any(not label.is_inline and normalize_name(label.name) in counts for label in labels)
