"""Limits of a document on numbers, times and people, held against what a text says. English, Hebrew. Pure."""
