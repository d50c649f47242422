"""Recordings of model calls, and their playback."""
