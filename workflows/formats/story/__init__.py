"""The story format: a chapter of a child's story."""
