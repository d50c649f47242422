"""Telemetry: metrics for Prometheus, traces for LangSmith and OTLP."""
