"""Bundles of one deployment."""

from edge.deploy.bundle.builder import Bundles
from tests.support.paths import ROOT


def test_a_bundle_is_built_once() -> None:
    bundles = Bundles(ROOT, has_telemetry=True)

    first = bundles.of("get-negative-prompt")

    assert bundles.of("get-negative-prompt") is first
    assert Bundles(ROOT).of("get-negative-prompt").digest != first.digest
