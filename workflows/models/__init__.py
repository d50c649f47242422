"""Chat models: resolution of their names, calls, and the embedded model."""
