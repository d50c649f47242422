"""Accounts, and what lets somebody in as one: log-ins, keys, tickets."""
