"""Health, metrics, and the measurement of a path."""
