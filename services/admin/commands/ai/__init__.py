"""The commands of the AI service."""
