"""Where a local stack is and listens unless it is told otherwise; apart from it, as it takes long to load."""

from pathlib import Path
from typing import Final

HOME: Final = Path(".experimentation")
DEMO_HOME: Final = HOME / "demo"
BANDIT_PORT: Final = 50051
REVIEW_PORT: Final = 50052
