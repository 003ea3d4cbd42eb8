"""Units as columns: ids, or hashes that spell ids; each column knows where its units fall."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from services.bandit.domain import trial
from services.bandit.kernels.hashing import hash_column, hash_hexadecimal


@dataclass(frozen=True, slots=True)
class IdColumn:
    """Holds ids in the layout of Arrow.

    Attributes:
        data: The UTF-8 of all ids, (m,) uint8.
        offsets: Where each starts and the last one ends, (n + 1,) int64.
    """

    data: NDArray[np.uint8]
    offsets: NDArray[np.int64]

    def __len__(self) -> int:
        return self.offsets.size - 1

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Returns how many bytes each has, (n,)."""
        return np.diff(self.offsets)

    @property
    def keeps_limits(self) -> bool:
        """Returns whether all have the bytes, and as many, as a unit id may have; whether it is UTF-8 is not asked."""
        lengths = self.lengths
        # The smallest byte first: it takes a tenth of the time of a comparison.
        return bool(
            lengths.min(initial=1) > 0
            and lengths.max(initial=1) <= trial.MAX_UNIT_ID_BYTES
            and self.data.min(initial=0xFF) >= 0x20
            and not (self.data == 0x7F).any()
        )

    def hashes(self, salt: int) -> NDArray[np.uint64]:
        """Returns the salted XXH64 of each, (n,)."""
        return hash_column(self.data, self.offsets, salt)


@dataclass(frozen=True, slots=True)
class HashColumn:
    """Holds 64-bit hashes, each short for the id that spells it in 16 lower-case hexadecimal digits.

    Attributes:
        numbers: The hashes, (n,) uint64.
    """

    numbers: NDArray[np.uint64]

    def __len__(self) -> int:
        return self.numbers.size

    def hashes(self, salt: int) -> NDArray[np.uint64]:
        """Returns the salted XXH64 of each id, (n,)."""
        return hash_hexadecimal(self.numbers, salt)


UnitColumn: TypeAlias = IdColumn | HashColumn


def id_column(values: Sequence[str]) -> IdColumn:
    """Returns strings as a column."""
    joined = "".join(values)
    parts: Sequence[str] | Sequence[bytes] = values
    if joined.isascii():
        data = joined.encode("ascii")
    else:
        parts = [value.encode() for value in values]
        data = b"".join(parts)
    offsets = np.zeros(len(values) + 1, dtype=np.int64)
    np.cumsum(np.fromiter(map(len, parts), dtype=np.int64, count=len(values)), out=offsets[1:])
    return IdColumn(np.frombuffer(data, dtype=np.uint8), offsets)
