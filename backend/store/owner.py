"""Owner: whose a row is. An id of our own making, never a name that somebody else gave."""

from typing import NewType

Owner = NewType("Owner", str)
"""The id of an account, or `LOCAL`."""

LOCAL = Owner("local")
"""Everybody who reaches a service without accounts, and the command line. No account has this id."""
