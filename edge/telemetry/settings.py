"""Where traces and metrics are sent: the OTEL_… variables of the OpenTelemetry specification.

Batches, timeouts, compression and samplers are read from the process environment by the SDK.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

PREFIX: Final = "OTEL_"
_ENDPOINT: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"
_PROTOCOL: Final = "OTEL_EXPORTER_OTLP_PROTOCOL"
_SUPPORTED: Final = "http/protobuf"
_INTERVAL_MS: Final = 60_000.0


@dataclass(frozen=True, slots=True)
class Signal:
    """Where a kind of data is posted, and with which headers."""

    url: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TelemetrySettings:
    """A signal that is None is not sent; `interval` is the seconds between metrics."""

    traces: Signal | None
    metrics: Signal | None
    service: str
    attributes: Mapping[str, str]
    interval: float = _INTERVAL_MS / 1000


def read_telemetry(values: Mapping[str, str], service: str) -> TelemetrySettings | None:
    """Read OTEL_… variables; None if nothing is to be sent. `service` is the default name.

    Raises ValueError, with the cure, for a protocol that is not supported, or a faulty value.
    """
    if values.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return None
    traces = _read_signal(values, "TRACES")
    metrics = _read_signal(values, "METRICS")
    if traces is None and metrics is None:
        return None
    attributes = _read_pairs(values, "OTEL_RESOURCE_ATTRIBUTES")
    name = values.get("OTEL_SERVICE_NAME") or attributes.get("service.name") or service
    return TelemetrySettings(traces, metrics, name, attributes, _read_interval(values))


def _read_signal(values: Mapping[str, str], kind: str) -> Signal | None:
    if values.get(f"OTEL_{kind}_EXPORTER", "otlp").strip() == "none":
        return None
    url = values.get(f"OTEL_EXPORTER_OTLP_{kind}_ENDPOINT", "").strip()
    if not url and (base := values.get(_ENDPOINT, "").strip()):
        url = f"{base.rstrip('/')}/v1/{kind.lower()}"
    if not url:
        return None
    name = f"OTEL_EXPORTER_OTLP_{kind}_PROTOCOL"
    name = name if values.get(name) else _PROTOCOL
    protocol = values.get(name, "").strip() or _SUPPORTED
    if protocol != _SUPPORTED:
        raise ValueError(
            f"{name}={protocol} is not supported: set it to {_SUPPORTED}, and the endpoint to the "
            "collector's port for HTTP (4318)."
        )
    if not url.startswith(("http://", "https://")):
        raise ValueError(f"{_ENDPOINT} must be a URL such as http://collector:4318, not {url!r}.")
    common = _read_pairs(values, "OTEL_EXPORTER_OTLP_HEADERS")
    own = _read_pairs(values, f"OTEL_EXPORTER_OTLP_{kind}_HEADERS")
    return Signal(url, {name.lower(): text for name, text in {**common, **own}.items()})


def _read_pairs(values: Mapping[str, str], name: str) -> dict[str, str]:
    """Parse `a=1,b=2`, percent-encoded."""
    found: dict[str, str] = {}
    for part in filter(None, map(str.strip, values.get(name, "").split(","))):
        key, equals, text = part.partition("=")
        if not equals or not key.strip():
            raise ValueError(f"{name} must be written as name=value,name=value.")
        found[unquote(key.strip())] = unquote(text.strip())
    return found


def _read_interval(values: Mapping[str, str]) -> float:
    text = values.get("OTEL_METRIC_EXPORT_INTERVAL", "").strip()
    try:
        return max(float(text or _INTERVAL_MS), 100.0) / 1000
    except ValueError:
        raise ValueError("OTEL_METRIC_EXPORT_INTERVAL must be milliseconds.") from None
