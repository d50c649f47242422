"""The built-in demonstration model: a small language model in a child process, with prompts of its own."""
