"""The command `simulate`: the lab under the name that people started it by."""

import pytest

from tests.admin.conftest import Command

TIMEOUT_SECONDS = 60.0


@pytest.mark.parametrize(
    ("arguments", "exit_code", "begin"),
    [
        (("--help",), 0, "usage: expctl simulate [-h]"),
        (("--runs", "0"), 2, "usage: expctl simulate [-h]"),
        (("--only", "nonsense"), 1, "expctl simulate: "),
    ],
)
def test_simulate_when_it_speaks_then_by_the_name_that_was_typed(
    command: Command, arguments: tuple[str, ...], exit_code: int, begin: str
) -> None:
    process = command("simulate", *arguments)

    output, complaints = process.communicate(timeout=TIMEOUT_SECONDS)

    assert process.returncode == exit_code
    assert (output or complaints).startswith(begin)
