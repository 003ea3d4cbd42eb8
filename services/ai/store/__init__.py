"""The AI service's tables in Postgres."""
