"""What the bandit knows, without I/O, clock or chance."""
