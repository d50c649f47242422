"""What can be written: the format interface and the formats."""
