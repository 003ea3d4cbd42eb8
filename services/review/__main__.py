"""Runs the review service: python -m services.review."""

from services.review.main import main

if __name__ == "__main__":
    main()
