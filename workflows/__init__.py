"""Writing: graphs, formats, prompts and models. Imports no HTTP, SQL or SSE."""
