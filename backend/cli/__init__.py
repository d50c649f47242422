"""The command line, `storywire`."""
