"""Answers that hold where the weights followed the data."""
