"""Contextual bandits: from trials with contexts to a score model, and from a context to the chances of the arms."""
