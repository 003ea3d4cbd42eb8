"""What an experiment is: written by review, read by every service."""
