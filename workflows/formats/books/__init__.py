"""Texts as files to keep: EPUB 3 and DOCX. Pure: a book in, bytes out."""
