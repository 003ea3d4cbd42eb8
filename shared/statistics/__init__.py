"""Statistics of experiments as pure functions of small sufficient statistics.

    aggregates   counts, sums and products, merged exactly        -> Moments
    estimates    one value and its variance for every arm         -> ArmEstimates
    fixed        answers valid at one look, planned beforehand    -> Comparison
    sequential   answers valid at any look, or at planned looks   -> Comparison
    bayesian     posteriors, chances and losses
    adaptive     answers valid where the weights followed the data
    off_policy   what other weights would have earned, from logged propensities
    health       whether the data can be trusted
    planning     power, sample size, duration
    design       rules that a sound design keeps
    decision     from all of these to one typed verdict

No I/O, no clock, no chance of its own. Arrays are float64 and broadcast: a call answers for any number of metrics,
arms and segments at once. Bad input raises `InvalidArgument`; what the data cannot tell is NaN beside an `Obstacle`
that says why, and `NotEstimable` in a report.
"""
