"""The podcast's part of the command line."""

from backend.extensions.base import CommandLine
from backend.plugins import Extension


class PodcastExtension(Extension):
    """The podcast extension: episodes from topic files."""

    name = "podcast"

    def add_commands(self, line: CommandLine) -> None:
        """Adds `generate podcast`."""
        from backend.podcasts.cli import podcast

        line.generate.command("podcast")(podcast)
