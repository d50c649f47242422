"""Runs: commands and queries without HTTP, and their execution."""
