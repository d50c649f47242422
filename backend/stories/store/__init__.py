"""Storage of children, story sessions and reading days in SQL."""
