"""Version of Storywire."""

from importlib.metadata import version

VERSION = version("storywire")
