"""The platform's one store: Postgres, its connections, its schema, and its news."""
