"""Quantities in a text: numbers with their units, measures, intervals. English, Hebrew. Pure."""
