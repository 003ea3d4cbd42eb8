"""Power, smallest detectable effects, sample sizes, splits and durations."""
