"""Alembic scripts; `shared.store.migrate` runs them."""
