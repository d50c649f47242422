"""Wires of other projects' clients: one module each, a mapper from our messages to that wire's own."""
