"""OpenAI's protocol in other servers' dialects: requests and replies converted to OpenAI's own form."""
