"""The bandit's use cases: serve, record, learn, show."""
