"""Grounding of a text in a document: what it says that the document doesn't, or says otherwise. Pure."""
