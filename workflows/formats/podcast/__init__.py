"""The podcast format: a long two-host episode from one search, and its short forms."""
