"""Checkpoints of LangGraph, for any database."""
