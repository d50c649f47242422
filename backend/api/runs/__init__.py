"""Routes of runs: start, read, control, export, share."""
