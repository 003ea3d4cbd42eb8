"""The commands: their options, their examples, and whom they call."""
