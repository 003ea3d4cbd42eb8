"""Webhooks: who listens, what they are sent, and how it gets there."""
