"""Text extraction from Word documents (.docx)."""
