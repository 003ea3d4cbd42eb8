"""Whether a hypothesis can be tested and refuted, and is borne by evidence: the same rules for whoever worded it."""
