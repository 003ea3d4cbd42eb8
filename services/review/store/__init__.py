"""Review's tables in Postgres."""
