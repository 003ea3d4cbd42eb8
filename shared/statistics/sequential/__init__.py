"""Answers that hold at any look, or at looks planned beforehand."""
