"""Commands that make and show runs, of this machine or of a service."""
