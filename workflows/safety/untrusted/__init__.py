"""Text that others wrote and a model reads: uploads, search results, wishes. Pure."""
