"""Hypotheses: found in given data alone, worded, checked, weighed, and followed until a result is known."""
