"""Runs a learner: python -m services.bandit.worker. Any number may run; one learns, the others stand by."""

from services.bandit.main import learn

if __name__ == "__main__":
    learn()
