"""Runs the AI service: python -m services.ai."""

from services.ai.main import main

if __name__ == "__main__":
    main()
