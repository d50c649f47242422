"""Runs in SQL: their rows, who executes them, what they cost, and what hangs on them."""
