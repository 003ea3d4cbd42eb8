"""Charts: pure functions from values to SVG, each with its numbers as a table."""
