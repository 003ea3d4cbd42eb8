"""Answers that hold at one look, planned beforehand."""
