"""Access, origins, limits and headers: what is checked of every request, before any route."""
