"""The format interface and the formats."""
