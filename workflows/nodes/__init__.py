"""Nodes of the graph: one function per file."""
