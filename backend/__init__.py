"""The service: runs, their logs and readers, and HTTP. Imports workflows; never the reverse."""
