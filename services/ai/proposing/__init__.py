"""Proposes changes at review."""
