"""The lab: policies against simulated and replayed problems, many seeds each, and a report of what they gain and cost.

It drives the very code that publishes weights (`services.bandit.domain`) and judges with the statistics engine
(`shared.statistics`). Nothing serves it and it serves nobody: python -m services.bandit.lab.
"""
