"""Signed tokens: our own, and those of somebody else's issuer."""
