"""Commands of the story extension."""
