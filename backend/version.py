"""Which Storywire this is."""

from importlib.metadata import version

VERSION = version("storywire")
