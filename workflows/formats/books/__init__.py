"""Books as files: EPUB 3 and DOCX. Pure: a book in, bytes out."""
