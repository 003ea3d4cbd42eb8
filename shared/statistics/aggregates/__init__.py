"""Sufficient statistics: made from arrays or rows, merged, and turned into moments."""
