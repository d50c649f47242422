"""`storywire doctor`: checks of the configuration, and of the way that streams take."""
