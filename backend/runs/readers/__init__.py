"""Readers of a run: cursors in its log, and its audience."""
