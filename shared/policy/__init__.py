"""What a policy snapshot is and how it places a unit: published by the bandit, read by every service and client."""
