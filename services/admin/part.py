"""What a stack is made of, as its supervisor sees it."""

import threading
from collections.abc import Mapping
from typing import Protocol


class Part(Protocol):
    """Is a part of a stack. One thread calls it, the same one all along: some parts end with that thread."""

    @property
    def name(self) -> str:
        """What people call it."""

    @property
    def pid(self) -> int | None:
        """The number of its process; None if it has none, or has ended."""

    @property
    def alive(self) -> bool:
        """Whether it runs, as far as can be seen from outside."""

    def start(self, cancelled: threading.Event) -> Mapping[str, str]:
        """Starts it, again if need be, and returns its addresses by name once it is ready. It stops when that fails.

        Args:
            cancelled: Once set, it need not be waited for any longer.

        Raises:
            PlatformError: It did not become ready; the message says why.
            OSError: A file or a program is out of reach.
        """

    def stop(self) -> None:
        """Stops it; returns when that is done."""
