"""Text extraction from PDF files."""
