"""The services as the gateway calls them: with the caller's own token, within a deadline."""
