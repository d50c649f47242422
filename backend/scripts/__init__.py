"""The extension of creator scripts: personas, templates, and tips on an input."""
