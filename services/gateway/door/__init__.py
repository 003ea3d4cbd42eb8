"""What every HTTP request passes, whoever answers it: the server, limits, headers, metrics, problems."""
