"""Wording of a script for a voice: no marks, no citations, everything spelt out. Pure."""
