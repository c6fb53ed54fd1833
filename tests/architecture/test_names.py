"""Retired words stay retired: one word for one thing, and the field's own where it has one."""

import re
from collections import Counter

from tests.support.paths import ROOT

RETIRED = {
    "Roster": "FunctionPools",
    "Intake": "HardenedHttpProtocol",
    "CorkedHttp": "write coalescing",
    "Spawner": "ZygoteClient",
    "DirectLauncher": "SubprocessLauncher",
    "Surroundings": "StandaloneEnvironment",
    "KeyRing": "JwksCache",
    "stand_ins": "emulated providers",
    "Pursuit": "dial loop",
    "checkup": "maintenance",
    "settle_attempt": "finish_attempt_v1",
    "put_back": "reschedule_contact",
    "judge_dial": "check_dialable",
    "take_pace": "consume_rate_tokens",
    "begin_redial": "resend_dial_v1",
    "one_piece": "plain httpx",
    "befall": "inject",
    "befalls": "inject",
    "knock": "notify",
    "knocks": "notify",
    "Stamped": "TimestampedEvent",
}
FOLDERS = (
    "edge",
    "functions",
    "shared",
    "backend",
    "workers",
    "pages",
    "supabase",
    "bench",
    "docs",
)
SUFFIXES = {".py", ".sql", ".md", ".toml", ".tmpl", ".js", ".html", ".css"}
GENERATED = ("node_modules", ".peers")


def test_no_file_uses_a_retired_word() -> None:
    pattern = re.compile(rf"\b({'|'.join(RETIRED)})\b")
    found = [
        f"{path.relative_to(ROOT)}: {word}, now {RETIRED[word]}"
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*")
        if path.suffix in SUFFIXES and not set(path.parts) & set(GENERATED)
        for word in pattern.findall(path.read_text(encoding="utf-8"))
    ]

    assert found == []


def test_each_migration_has_a_version_of_its_own() -> None:
    versions = Counter(path.name.split("_")[0] for path in ROOT.glob("supabase/migrations/*.sql"))

    assert [version for version, count in versions.items() if count > 1] == []
