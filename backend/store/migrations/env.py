"""Alembic's entry point: migrates over the connection passed in by `Database.migrate`."""

from alembic import context

from backend.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=False,
)
context.run_migrations()
