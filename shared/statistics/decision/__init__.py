"""From results, health and guardrails to one typed verdict."""
