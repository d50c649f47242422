"""Texts of replies: their content, and the strings of a provider that may be passed on."""
