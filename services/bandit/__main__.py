"""Runs a replica of the bandit: python -m services.bandit."""

from services.bandit.main import serve

if __name__ == "__main__":
    serve()
