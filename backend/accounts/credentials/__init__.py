"""Credentials that let somebody in: passwords, log-ins, keys, tickets."""
