"""The format education_audio: a spoken lesson from a document, which says only what the document says."""
