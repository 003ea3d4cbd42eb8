"""Compilation: it works where nothing can be written to disk."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import cast

from shared.kernels.jit import jit, jit_uncached

PROGRAM = "from services.bandit.kernels.hashing import hash_column; import numpy as np\n\
print(hash_column(np.zeros(0, np.uint8), np.zeros(2, np.int64), 0)[0])"


def test_jit_when_compiled_then_keeps_the_answer_and_the_name() -> None:
    def add(first: int, second: int) -> int:
        """Returns the sum."""
        return first + second

    compiled = jit_uncached(add)

    assert compiled(2, 3) == 5
    assert (compiled.__name__, compiled.__doc__) == ("add", "Returns the sum.")


def test_jit_when_the_source_is_in_no_file_then_compiles_without_a_cache() -> None:
    names: dict[str, object] = {}
    exec("def double(number): return 2 * number", names)

    compiled = jit(cast(Callable[[int], int], names["double"]))

    assert compiled(21) == 42


def test_kernels_when_the_cache_directory_is_empty_then_fill_it_and_answer(tmp_path: Path) -> None:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}

    finished = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        check=True,
        capture_output=True,
        cwd=Path(__file__).parents[3],
        env=environment,
        text=True,
        timeout=120,
    )

    assert int(finished.stdout) == 0xEF46DB3751D8E999
    assert list(tmp_path.rglob("*.nbi"))
