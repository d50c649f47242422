"""Checks of keys and models, for `storywire doctor`."""
