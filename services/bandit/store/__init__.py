"""Where the bandit keeps things: Postgres, and this machine's disk while Postgres is away."""
