"""The pages: each asks the services, side by side, and shows what they answered."""
