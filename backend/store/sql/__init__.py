"""SQL below the repositories: the port of a database, and what databases spell differently."""
