"""The story extension over HTTP."""
