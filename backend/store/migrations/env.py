"""Alembic's entry point: migrates over the connection passed in by `Database.migrate`."""

from alembic import context

from backend.store.schema.schema import complete_metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=complete_metadata(),
    render_as_batch=True,
    transactional_ddl=False,
)
context.run_migrations()
