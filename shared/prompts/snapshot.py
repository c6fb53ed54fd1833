"""The snapshot of all templates: one document, stored in system_config, checked by its hash.

{templateCache {enhancement {target {enhancer {job_type {use_case {mode: row}}}}}, chat {enhancer
{use_case {mode: row}}}}, negativeCache {model {mode: [text]}}, nsfwTerms [text], metadata
{lastUpdated, templateCount, negativePromptCount, nsfwTermCount, version, integrityHash, revision}}.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast

from shared.prompts.content import content_terms
from shared.prompts.template import Template, TemplateKey, read_template

VERSION: Final = "3.0.0"
LONGEST_AGE: Final = timedelta(hours=24)

Document = dict[str, Any]
Rows = Sequence[Mapping[str, Any]]


class BrokenSnapshotError(Exception):
    """The stored snapshot is not one, or was changed after it was written."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Templates and negative prompts at a revision of their tables."""

    revision: int
    templates: dict[TemplateKey, Template]
    negatives: Mapping[str, Mapping[str, Sequence[str]]]
    metadata: Mapping[str, Any]

    def negative_prompt(self, model_type: str, content_mode: str) -> str:
        """Join the model's negative prompts, highest priority first; empty if there are none."""
        return ", ".join(filter(None, self.negatives.get(model_type, {}).get(content_mode, ())))


def build_document(revision: int, templates: Rows, negatives: Rows, now: datetime) -> Document:
    """Build the document of the active rows; `negatives` are ordered by priority."""
    template_cache: Document = {"enhancement": {}, "chat": {}}
    for row in templates:
        is_chat = row["target_model"] is None
        path = (
            ("chat", row["enhancer_model"], row["use_case"])
            if is_chat
            else (
                *("enhancement", row["target_model"], row["enhancer_model"]),
                *(row["job_type"], row["use_case"]),
            )
        )
        _descend(template_cache, path)[row["content_mode"]] = dict(row)
    negative_cache: Document = {}
    for row in negatives:
        texts = negative_cache.setdefault(row["model_type"], {}).setdefault(row["content_mode"], [])
        texts.append(row["negative_prompt"])
    terms = content_terms()
    cached: Document = {
        "templateCache": template_cache,
        "negativeCache": negative_cache,
        "nsfwTerms": terms,
    }
    metadata = {
        "lastUpdated": now.isoformat(),
        "templateCount": len(templates),
        "negativePromptCount": len(negatives),
        "nsfwTermCount": len(terms),
        "version": VERSION,
        "revision": revision,
    }
    hashed = {**cached, "metadata": metadata}
    return {**cached, "metadata": {**metadata, "integrityHash": compute_hash(hashed)}}


def read_document(document: object) -> Snapshot:
    """Read a document. Raises BrokenSnapshotError if its hash is not that of its content."""
    try:
        stored = cast("Document", document)
        metadata = dict(stored["metadata"])
        expected = metadata.pop("integrityHash")
        if expected != compute_hash({**stored, "metadata": metadata}):
            raise BrokenSnapshotError("The hash differs from the content's.")
        templates = [read_template(row) for row in _rows(stored["templateCache"])]
        return Snapshot(
            revision=metadata["revision"],
            templates={template.key: template for template in templates},
            negatives=stored["negativeCache"],
            metadata=stored["metadata"],
        )
    except (KeyError, TypeError, AttributeError, ValueError) as exc:
        raise BrokenSnapshotError(f"Not a snapshot: {type(exc).__name__}.") from exc


def is_too_old(snapshot: Snapshot, now: datetime) -> bool:
    """Return whether the snapshot was written more than a day ago."""
    try:
        written = datetime.fromisoformat(snapshot.metadata["lastUpdated"])
        return now - written.astimezone(UTC) > LONGEST_AGE
    except (KeyError, TypeError, ValueError):
        return True


def compute_hash(document: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the canonical JSON: sorted keys, no spaces, as stored in jsonb."""
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _rows(template_cache: Document) -> Iterator[Mapping[str, Any]]:
    """Yield the leaves of the nested document: what has a system_prompt."""
    pending: list[Document] = [template_cache]
    while pending:
        for value in pending.pop().values():
            if "system_prompt" in value:
                yield value
            else:
                pending.append(value)


def _descend(document: Document, path: Sequence[str]) -> Document:
    for name in path:
        document = document.setdefault(name, {})
    return document
