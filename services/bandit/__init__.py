"""The bandit service: allocates units to arms, records what came of it, learns."""
