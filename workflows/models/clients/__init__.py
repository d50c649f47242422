"""Chat model clients by provider, and their reuse."""
