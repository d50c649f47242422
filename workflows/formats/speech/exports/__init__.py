"""Exports of a finished script. Pure."""
