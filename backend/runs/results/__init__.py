"""Finished runs: the result cache, exports, differences between versions."""
