"""Run by Alembic: applies the revisions over the connection it was handed, in its transaction."""

from alembic import context

from renown.stores.schema import metadata

__all__: list[str] = []

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
