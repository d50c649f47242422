"""The story extension: children, story sessions, reading recommendations."""
