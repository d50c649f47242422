"""Text of replies: what of it is content, and which strings of a provider may be passed on."""
