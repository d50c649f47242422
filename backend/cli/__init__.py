"""`storywire`: the command line."""
