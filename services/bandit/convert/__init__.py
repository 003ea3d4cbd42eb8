"""Where protobuf stops: messages to the bandit's values and back."""
