"""Speakers of a script: the cast, and the labels of turns. Pure."""
