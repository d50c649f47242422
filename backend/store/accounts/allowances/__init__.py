"""Allowances of accounts and keys: what they may use, and what they have used."""
