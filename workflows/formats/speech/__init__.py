"""Spoken scripts: labelled turns, delivery tags, words spelt out for a voice, and their exports."""
