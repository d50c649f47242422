"""Word documents (.docx) → text."""
