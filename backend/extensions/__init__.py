"""What packages add to the service beside their formats: routes, lookups, commands."""
