"""HTTP routes of the creator script extension."""
