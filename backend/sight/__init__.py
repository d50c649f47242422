"""What a process lets its operators see: numbers for Prometheus, traces for LangSmith and OTLP."""
