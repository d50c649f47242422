"""The extension of creator scripts over HTTP."""
