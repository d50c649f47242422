"""OpenAI's protocol as other servers speak it: requests and replies brought to OpenAI's own shape."""
