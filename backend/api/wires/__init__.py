"""Routes of the protocols that other projects' clients speak."""
