"""Ports for servers that are stopped and started again, or are other processes than the test's."""

import random
import socket
from contextlib import suppress

_BELOW = range(10_000, 32_000)
"""Below those that systems give to connections by themselves: between two starts of a server none of them takes it."""


def find_port() -> int:
    """A port of loopback that nobody has."""
    while True:
        port = random.SystemRandom().choice(_BELOW)
        with socket.socket() as free, suppress(OSError):
            free.bind(("127.0.0.1", port))
            return port
