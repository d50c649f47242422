"""Postcards to people in an address book: a format with settings, a lookup, a route and a command of its own."""
