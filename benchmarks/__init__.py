"""How fast the service is, measured as ratios to a baseline in the same run and printed, never asserted."""
