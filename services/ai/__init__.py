"""The AI service: from metrics to hypotheses, to designs, and from data to analyses; each claim is grounded."""
