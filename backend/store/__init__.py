"""SQL of the service: tables, repositories, migrations."""
