"""From metrics, traffic and wishes to the plan of an experiment, judged by rules, and the words for it."""
