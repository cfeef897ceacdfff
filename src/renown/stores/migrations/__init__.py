"""Alembic revisions of the tables."""

__all__: list[str] = []
