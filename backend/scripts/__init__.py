"""The creator script extension: personas, templates, and tips on an input."""
