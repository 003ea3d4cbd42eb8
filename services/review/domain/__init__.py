"""What experiments, changes and their records are, and the rules between them; pure."""
