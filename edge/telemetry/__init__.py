"""Sends traces and metrics by OTLP, with the OpenTelemetry SDK, where OTEL_… variables say."""
