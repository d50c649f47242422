"""The service: runs, their log, their readers, HTTP. Imports workflows; never the reverse."""
