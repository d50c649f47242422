"""The extension of podcasts: topics as files, and a command that writes an episode into a folder."""
