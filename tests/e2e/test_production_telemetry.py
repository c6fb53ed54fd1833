"""`edge serve --production`: traces, metrics and logs of one request, through all processes."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.otlp_collector import Collector, attributes, collecting
from tests.support.production_process import DEADLINE, Instance, production, variables
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.process, pytest.mark.e2e, pytest.mark.timeout(600)]

MAIN = """
from shared.context import Context
from shared.endpoint import endpoint

@endpoint(auth="none")
async def main(ctx: Context) -> dict[str, str]:
    return {"traceparent": ctx.request.headers.get("traceparent", "")}
"""
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory, collector: Collector) -> Iterator[Instance]:
    root = tmp_path_factory.mktemp("project")
    folder = root / "functions" / "hello"
    folder.mkdir(parents=True)
    (root / "shared").symlink_to(Path(__file__).parents[2] / "shared")
    (folder / "main.py").write_text(MAIN)
    (folder / "function.toml").write_text("verify_jwt = false\n")
    telemetry = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "OTEL_METRIC_EXPORT_INTERVAL": "200",
        "OTEL_BSP_SCHEDULE_DELAY": "100",
    }
    environment = {**variables(), **telemetry, "GOOGLE_CLOUD_PROJECT": "shop"}
    with production(root, root / "log", environment, "--processes", "2") as running:
        running.wait_until_ready()
        yield running


def test_a_trace_leads_from_the_caller_through_the_gateway_into_function_and_logs(
    instance: Instance, collector: Collector
) -> None:
    header = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
    reply = httpx.post(f"{instance.url}/functions/v1/hello", headers=header, timeout=DEADLINE)

    span = collector.wait_for_span("POST /functions/v1/hello")
    record = instance.wait_for(lambda line: line if line.get("kind") == "RequestRecord" else None)
    request = instance.wait_for(
        lambda line: line if line.get("httpRequest", {}).get("requestMethod") == "POST" else None
    )
    assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE, PARENT)
    assert reply.json() == {"traceparent": f"00-{TRACE}-{span.span_id.hex()}-01"}
    said = attributes(span.attributes)
    assert (said["faas.name"], said["http.response.status_code"]) == ("hello", "200")
    assert said["faas.invocation_id"] == reply.headers["sb-request-id"]
    assert record["fields"]["trace_id"] == TRACE
    for line in (record, request):
        assert line["logging.googleapis.com/trace"] == f"projects/shop/traces/{TRACE}"
    assert request["logging.googleapis.com/spanId"] == span.span_id.hex()


def test_metrics_are_sent_and_shown_to_holders_of_the_secret_key(
    instance: Instance, collector: Collector
) -> None:
    for _ in range(20):  # both processes answer some
        with httpx.Client(base_url=instance.url, timeout=DEADLINE) as client:
            client.post("/functions/v1/hello").raise_for_status()
    with httpx.Client(base_url=instance.url, timeout=DEADLINE) as client:
        refused = client.get("/metrics")
        by_key = client.get("/metrics", headers={"apikey": "service"})

    assert (refused.status_code, refused.json()["code"]) == (401, "SECRET_KEY_REQUIRED")
    assert by_key.status_code == 200, by_key.text
    assert "# TYPE edge_invocations_total counter" in by_key.text
    counted = collector.wait_for_number("edge_invocations_total")
    assert ("hello", "200") in counted


def test_metrics_are_of_all_processes(instance: Instance) -> None:
    def count() -> float:
        headers = {"authorization": "Bearer service"}
        text = httpx.get(f"{instance.url}/metrics", headers=headers, timeout=DEADLINE).text
        unknown = 'edge_invocations_total{function="(unknown)",status="404"}'
        return sum(float(line.split()[-1]) for line in text.splitlines() if unknown in line)

    for _ in range(10):  # no other test asks for a function that there is not
        httpx.post(f"{instance.url}/functions/v1/none", timeout=DEADLINE)

    wait_for(lambda: count() == 10)
