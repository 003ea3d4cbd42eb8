"""Where a local stack is and listens unless it is told otherwise; apart from it, as it takes long to load."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

HOME: Final = Path(".experimentation")
DEMO_HOME: Final = HOME / "demo"


@dataclass(frozen=True, slots=True)
class Ports:
    """Is where the parts of a stack listen on the loopback address; 0: a free port."""

    bandit: int = 50051
    review: int = 50052
    ai: int = 50053
    gateway: int = 8080

    @classmethod
    def free(cls) -> Self:
        """Returns free ports for all of them."""
        return cls(0, 0, 0, 0)


DEFAULT_PORTS: Final = Ports()
