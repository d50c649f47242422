"""The choice of a model for a role, and of its connection."""
