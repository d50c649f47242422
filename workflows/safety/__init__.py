"""Safety by audience: policies as data, checks from cheap to expensive."""
