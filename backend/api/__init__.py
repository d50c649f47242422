"""HTTP layer: routes, request and response bodies, middleware."""
