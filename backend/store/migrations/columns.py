"""Column types of migrations that the databases spell differently."""

import sqlalchemy as sa

INTEGER_64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""64 bits everywhere: INTEGER has them in SQLite, and 32 elsewhere."""
