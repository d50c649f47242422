"""Calls of chat models: streamed text, structured output, web search; their errors."""
