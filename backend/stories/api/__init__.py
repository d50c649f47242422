"""HTTP routes of the story extension."""
