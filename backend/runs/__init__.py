"""The use cases, without HTTP: start, follow, cancel, resume; and where a run executes."""
