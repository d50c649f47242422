"""The format discovery_report: business ideas for one person, in three parts."""
