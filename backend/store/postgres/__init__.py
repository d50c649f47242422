"""Storage in PostgreSQL, with the tables of its queue."""
