"""Uploaded documents: recognition, extraction within limits, examination, storage."""
