"""docs/alerts.yml: rules over numbers that exist, checked by promtool too where it is installed."""

import re
import shutil
import subprocess
from typing import Any

import pytest
import yaml

from edge.events import ShutdownReason
from edge.metrics.exposition import Histogram
from edge.metrics.observer import Metrics
from tests.support.paths import ROOT

FILE = ROOT / "docs/alerts.yml"
NAME = re.compile(r"(?<![:\w])edge_\w+")
SELECTOR = re.compile(r"(edge_\w+)\{([^}]*)\}")


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load(FILE.read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def known() -> dict[str, tuple[str, ...]]:
    """Return the labels of each series by its name."""
    found: dict[str, tuple[str, ...]] = {}
    for family in Metrics().families():
        description = family.description  # type: ignore[attr-defined]
        suffixes = ("_bucket", "_sum", "_count") if isinstance(family, Histogram) else ("",)
        found |= {f"{description.name}{suffix}": description.labels for suffix in suffixes}
    return found


def test_every_number_is_one_that_is_shown() -> None:
    used = {name for rule in rules() for name in NAME.findall(rule["expr"])}

    assert used - known().keys() == set()
    assert len(used) > 8


def test_rules_name_labels_that_their_numbers_have() -> None:
    series = known()
    for rule in rules():
        names = NAME.findall(rule["expr"])
        labels = {label for name in names for label in series[name]} | {"le"}
        for by in re.findall(r"by \(([^)]*)\)", rule["expr"]):
            assert set(by.split(", ")) <= labels, rule
        for name, selector in SELECTOR.findall(rule["expr"]):
            assert set(re.findall(r"(\w+)=", selector)) <= set(series[name]), rule


def test_reasons_are_those_of_workers() -> None:
    text = FILE.read_text(encoding="utf-8")
    (reasons,) = re.findall(r'reason=~"([^"]*)"', text)

    assert set(reasons.split("|")) <= set(ShutdownReason)


def test_each_alert_says_how_urgent_it_is_and_what_to_do() -> None:
    alerts = [rule for rule in rules() if "alert" in rule]

    assert len({rule["alert"] for rule in alerts}) == len(alerts)
    for rule in alerts:
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert {"summary", "description"} <= rule["annotations"].keys()
        assert rule["expr"].count("(") == rule["expr"].count(")")


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed")
def test_promtool_takes_them() -> None:
    command = ["promtool", "check", "rules", str(FILE)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stderr
