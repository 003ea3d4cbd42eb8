"""Posteriors, the chances that they give, and what a wrong choice costs."""
