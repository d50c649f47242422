"""Measures of a text: readability, repetition, coverage. Pure."""
