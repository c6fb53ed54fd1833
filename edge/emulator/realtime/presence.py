"""Who is present in a topic: keys, each with the metas of its sockets. Pure.

Follows phoenix's Presence: an update is a leave of the old phx_ref and a join of the new one.
"""

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

Meta = dict[str, Any]
Diff = dict[str, dict[str, dict[str, list[Meta]]]]


@dataclass(slots=True)
class Presence:
    """The state of one topic; `owner` is the channel that tracks."""

    _metas: dict[str, dict[int, Meta]] = field(default_factory=dict[str, "dict[int, Meta]"])

    def __bool__(self) -> bool:
        return bool(self._metas)

    def track(self, key: str, owner: int, payload: Meta) -> Diff | None:
        """Set an owner's payload; returns the diff, None if nothing has changed."""
        of_key = self._metas.setdefault(key, {})
        former = of_key.get(owner)
        if former is not None and _payload(former) == payload:
            return None
        meta: Meta = {**payload, "phx_ref": uuid4().hex[:20]}
        if former is not None:
            meta["phx_ref_prev"] = former["phx_ref"]
        of_key[owner] = meta
        leaves = {key: {"metas": [former]}} if former is not None else {}
        return {"joins": {key: {"metas": [meta]}}, "leaves": leaves}

    def untrack(self, key: str, owner: int) -> Diff | None:
        """Remove an owner; returns the diff, None if it was not tracked."""
        of_key = self._metas.get(key, {})
        meta = of_key.pop(owner, None)
        if not of_key:
            self._metas.pop(key, None)
        return None if meta is None else {"joins": {}, "leaves": {key: {"metas": [meta]}}}

    def state(self) -> dict[str, dict[str, list[Meta]]]:
        return {key: {"metas": list(metas.values())} for key, metas in self._metas.items()}


def _payload(meta: Meta) -> Meta:
    return {name: value for name, value in meta.items() if name not in {"phx_ref", "phx_ref_prev"}}
