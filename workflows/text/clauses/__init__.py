"""Clauses of a text by what they claim, and what they tell somebody to do. English, Hebrew. Pure."""
