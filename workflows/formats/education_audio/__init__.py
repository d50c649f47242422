"""The format education_audio: a spoken lesson, grounded in a document."""
