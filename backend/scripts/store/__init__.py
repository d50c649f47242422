"""Storage of personas in SQL."""
