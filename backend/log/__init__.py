"""The append-only log of a run: log first, then tell."""
