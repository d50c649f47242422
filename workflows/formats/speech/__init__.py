"""Scripts that are spoken: labelled turns, delivery tags, what a voice needs spelt out, and their exports."""
