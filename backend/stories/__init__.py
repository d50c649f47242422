"""The story format's extension: children, their stories over chapters, what to read next."""
