"""The work: graphs, formats, prompts and models. Knows no HTTP, SQL or SSE."""
