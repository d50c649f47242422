"""The format discovery_report: what to found, for one person, in three parts."""
