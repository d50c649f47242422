"""Words as a reader's eye takes them: folded, inflected, spelt oddly, listed, and together in scenes. Pure."""
