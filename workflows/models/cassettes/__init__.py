"""Cassettes: recordings of model calls, and their playback."""
