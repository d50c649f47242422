"""The append-only log of a run: messages are logged before readers get them."""
