"""The web page: Experiment Insights, rendered here from what the services answer."""
