"""PDF → text."""
