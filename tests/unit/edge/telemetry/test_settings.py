"""OTEL_… variables, by the OpenTelemetry specification."""

import pytest

from edge.telemetry.settings import Signal, read_telemetry

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


def test_nothing_is_sent_unless_an_endpoint_is_set() -> None:
    assert read_telemetry({}, "shop") is None
    assert read_telemetry({ENDPOINT: " "}, "shop") is None
    assert read_telemetry({ENDPOINT: "http://c:4318", "OTEL_SDK_DISABLED": "True"}, "shop") is None


def test_signals_have_their_paths_below_the_common_endpoint() -> None:
    settings = read_telemetry({ENDPOINT: "http://c:4318/otlp/"}, "shop")

    assert settings
    assert settings.traces == Signal("http://c:4318/otlp/v1/traces", {})
    assert settings.metrics == Signal("http://c:4318/otlp/v1/metrics", {})
    assert (settings.service, settings.interval) == ("shop", 60.0)


def test_one_signal_may_go_elsewhere_or_nowhere() -> None:
    settings = read_telemetry(
        {
            ENDPOINT: "http://c:4318",
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://t.example/in",
            "OTEL_METRICS_EXPORTER": "none",
            "OTEL_EXPORTER_OTLP_HEADERS": "Api-Key=a%3Db, x=1",
            "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "x=2",
            "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment=staging,service.name=cafe",
            "OTEL_METRIC_EXPORT_INTERVAL": "5000",
        },
        "shop",
    )

    assert settings
    assert settings.traces == Signal("https://t.example/in", {"api-key": "a=b", "x": "2"})
    assert settings.metrics is None
    assert (settings.service, settings.interval) == ("cafe", 5.0)


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({ENDPOINT: "http://c:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "http/protobuf"),
        ({ENDPOINT: "collector:4318"}, "must be a URL"),
        ({ENDPOINT: "http://c", "OTEL_EXPORTER_OTLP_HEADERS": "key"}, "name=value"),
        ({ENDPOINT: "http://c", "OTEL_METRIC_EXPORT_INTERVAL": "soon"}, "milliseconds"),
    ],
)
def test_faulty_ones_name_their_cure(variables: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_telemetry(variables, "shop")
