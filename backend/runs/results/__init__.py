"""Results of finished runs: the result cache, exports, differences between versions."""
