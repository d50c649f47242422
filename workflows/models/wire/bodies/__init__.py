"""Bodies of replies: unpacked, and translated as they come."""
