"""Filter from a model's reply to clean turns, while it streams. Pure."""
