"""The story extension on the command line."""
