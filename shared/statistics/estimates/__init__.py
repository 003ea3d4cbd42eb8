"""From moments to one value and its variance for every arm, whatever the kind of metric."""
