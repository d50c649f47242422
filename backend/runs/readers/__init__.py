"""The reading side of a run: cursors in its log, and who is connected."""
