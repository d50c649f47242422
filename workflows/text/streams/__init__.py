"""Text while it streams: cleaning, lengths, endings. Pure."""
