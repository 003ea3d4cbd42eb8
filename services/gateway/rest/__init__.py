"""The REST surface: one table of routes, JSON in and out of the contracts' messages."""
