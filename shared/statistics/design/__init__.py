"""What a sound design keeps, as rules."""
