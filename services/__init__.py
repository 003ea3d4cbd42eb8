"""The services; each runs as a process of its own and imports none of the others."""
