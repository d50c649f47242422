"""The use cases of what is kept for readers: children, their stories over chapters, what to read next."""
