"""What other weights would have earned, from logged propensities."""
