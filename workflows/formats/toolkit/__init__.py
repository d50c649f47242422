"""Toolkit of formats: what any of them may build its prompts, notes and reviews from."""
