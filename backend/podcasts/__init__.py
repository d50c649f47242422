"""The podcast extension: topic files, and a command that writes an episode into a folder."""
