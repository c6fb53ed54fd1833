import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.errors import UnavailableError
from shared.prompts.cache import PromptCache
from shared.prompts.snapshot import (
    BrokenSnapshotError,
    build_document,
    compute_hash,
    read_document,
)
from shared.prompts.template import TemplateKey

ROW = {
    "id": "1",
    "template_name": "t",
    "target_model": "sdxl",
    "enhancer_model": "qwen_instruct",
    "job_type": "image",
    "use_case": "enhancement",
    "content_mode": "sfw",
    "system_prompt": "Describe.",
    "token_limit": 75,
    "version": 1,
    "metadata": {},
}
CHAT = {**ROW, "id": "2", "target_model": None, "job_type": "chat", "use_case": "chat_general"}
NEGATIVES = [
    {"model_type": "sdxl", "content_mode": "sfw", "negative_prompt": "blurry"},
    {"model_type": "sdxl", "content_mode": "sfw", "negative_prompt": "watermark"},
]


@dataclass
class Tables:
    """A PromptStore in memory that counts what is asked of it."""

    revision: int = 1
    rows: list[dict[str, Any]] = field(default_factory=lambda: [ROW, CHAT])
    stored: dict[str, Any] | None = None
    is_down: bool = False
    calls: list[str] = field(default_factory=list[str])

    async def load(self, known_revision: int | None) -> tuple[int, dict[str, Any] | None]:
        self._call("load")
        await asyncio.sleep(0)
        return self.revision, None if known_revision == self.revision else self.stored

    async def read_tables(self) -> Mapping[str, Any]:
        self._call("read")
        return {"revision": self.revision, "templates": self.rows, "negatives": NEGATIVES}

    async def save(self, document: dict[str, Any]) -> None:
        self._call("save")
        self.stored = json.loads(json.dumps(document))

    def _call(self, name: str) -> None:
        if self.is_down:
            raise UnavailableError("down")
        self.calls.append(name)


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


async def test_the_tables_are_read_once_then_the_copy_serves() -> None:
    tables, cache = Tables(), PromptCache(Clock())

    sources = [(await cache.get(tables)).source for _ in range(3)]

    assert sources == ["database", "process", "process"]
    assert tables.calls == ["load", "read", "save"]


async def test_another_process_takes_the_snapshot() -> None:
    tables = Tables()
    await PromptCache(Clock()).get(tables)
    tables.calls.clear()

    cached = await PromptCache(Clock()).get(tables)

    assert cached.source == "snapshot"
    assert cached.is_hit
    assert tables.calls == ["load"]
    assert cached.snapshot.negative_prompt("sdxl", "sfw") == "blurry, watermark"
    assert cached.snapshot.negative_prompt("flux", "sfw") == ""
    assert TemplateKey(None, "qwen_instruct", "chat", "chat_general", "sfw") in (
        cached.snapshot.templates
    )


async def test_a_change_is_seen_at_the_next_check() -> None:
    tables, clock = Tables(), Clock()
    cache = PromptCache(clock)
    await cache.get(tables)
    tables.revision, tables.rows = 2, [{**ROW, "system_prompt": "Describe well."}]

    before = await cache.get(tables)
    clock.now += 5
    after = await cache.get(tables)

    assert before.snapshot.revision == 1
    assert after.source == "database"
    assert [t.system_prompt for t in after.snapshot.templates.values()] == ["Describe well."]


async def test_an_unchanged_revision_costs_one_query_each_check() -> None:
    tables, clock = Tables(), Clock()
    cache = PromptCache(clock)
    await cache.get(tables)
    tables.calls.clear()
    for _ in range(100):
        clock.now += 0.5
        await cache.get(tables)

    assert tables.calls == ["load"] * 10
    assert cache.describe() == {
        "hits": 100, "misses": 1, "queries": 13, "rebuilds": 1, "broken": 0, "stale": 0,
    }  # fmt: skip


async def test_after_its_time_to_live_the_snapshot_is_loaded_again() -> None:
    tables, clock = Tables(), Clock()
    cache = PromptCache(clock)
    await cache.get(tables)
    clock.now += 301

    assert (await cache.get(tables)).source == "snapshot"


@pytest.mark.parametrize(
    "break_it",
    [
        lambda d: d["templateCache"]["chat"].clear(),
        lambda d: d["metadata"].update(integrityHash="0"),
        lambda d: d.pop("metadata"),
        lambda d: d.update(templateCache=None),
        lambda d: d["metadata"].update(revision=2),
        lambda d: d["negativeCache"].update(sdxl={"sfw": ["other"]}),
        lambda d: d["nsfwTerms"].append("cat"),
    ],
)
async def test_an_altered_snapshot_is_not_used(break_it: Any) -> None:
    tables = Tables()
    await PromptCache(Clock()).get(tables)
    break_it(tables.stored)
    cache = PromptCache(Clock())

    cached = await cache.get(tables)

    assert cached.source == "database"
    assert cache.counters.broken == 1
    assert read_document(tables.stored).revision == 1  # repaired


@pytest.mark.parametrize("document", [{}, [], "x", 3, {"metadata": {}}, {"metadata": None}])
def test_what_is_no_snapshot_is_said_so(document: object) -> None:
    with pytest.raises(BrokenSnapshotError):
        read_document(document)


async def test_a_snapshot_of_yesterday_is_built_again() -> None:
    old = build_document(1, [ROW], [], datetime.now(UTC) - timedelta(hours=25))

    assert (await PromptCache(Clock()).get(Tables(stored=old))).source == "database"


async def test_an_old_copy_serves_while_the_database_is_down() -> None:
    tables, clock = Tables(), Clock()
    cache = PromptCache(clock)
    await cache.get(tables)
    tables.is_down = True
    clock.now += 1000

    assert [(await cache.get(tables)).source for _ in range(2)] == ["stale", "process"]
    tables.is_down = False
    clock.now += 5
    assert (await cache.get(tables)).source == "snapshot"


async def test_without_a_copy_an_outage_is_raised() -> None:
    with pytest.raises(UnavailableError):
        await PromptCache(Clock()).get(Tables(is_down=True))


async def test_concurrent_requests_share_one_query() -> None:
    tables, cache = Tables(), PromptCache(Clock())

    await asyncio.gather(*(cache.get(tables) for _ in range(50)))

    assert tables.calls == ["load", "read", "save"]


async def test_a_rebuild_is_used_at_once() -> None:
    tables, cache = Tables(), PromptCache(Clock())
    await cache.get(tables)
    tables.revision, tables.rows = 2, [ROW]

    rebuilt = await cache.rebuild(tables)

    assert rebuilt.revision == 2
    assert (await cache.get(tables)).snapshot is rebuilt
    assert tables.stored is not None
    assert tables.stored["metadata"]["templateCount"] == 1


def test_the_hash_does_not_depend_on_the_order_of_keys() -> None:
    assert compute_hash({"a": 1, "b": {"c": 2, "d": 3}}) == compute_hash(
        {"b": {"d": 3, "c": 2}, "a": 1}
    )
