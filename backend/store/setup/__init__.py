"""Set-up of what the service keeps: folders, migrations, the move from SQLite to a server."""
