"""The command `evaluate`: real logs, both kinds of file, refusals in words."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from services.admin.evaluation import Columns, evaluate_file, parsed
from shared.errors import FailedPrecondition, InvalidArgument, Reason
from tests.admin.conftest import Command
from tests.shared.statistics.off_policy.open_bandit.shown import CAMPAIGNS, campaign, random_log

TIMEOUT_SECONDS = 60.0
BY_COLUMN = Columns("", "click", "propensity", "bts")
BY_WEIGHTS = Columns("action", "reward", "p")
SMALL: Mapping[str, Sequence[object]] = {
    "action": ["a", "b", "a", "b", "a", "c"],
    "reward": [1, 0, 0, 1, 1, 0],
    "p": [0.5, 0.25, 0.5, 0.25, 0.5, 0.25],
}


def csv_of(path: Path, columns: Mapping[str, Sequence[object]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return path


def open_bandit(name: str) -> Mapping[str, Sequence[object]]:
    """Returns the Random log of a campaign, with the chance that BernoulliTS had of showing the same."""
    cells = campaign(name)
    log = random_log(cells)
    return {
        "click": log.click.astype(int).tolist(),
        "propensity": [cells.random_propensity] * len(log.cell),
        "bts": cells.bts_chance[log.cell].tolist(),
    }


def intervals(output: str) -> list[tuple[float, float]]:
    lines = [line for line in output.splitlines() if line.split()[-2:-1] == ["to"]]
    return [(float(line.split()[-3]), float(line.split()[-1])) for line in lines]


@pytest.mark.parametrize("name", CAMPAIGNS)
def test_evaluate_when_the_log_is_random_s_then_holds_what_bernoulli_ts_earned(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    columns = open_bandit(name)
    as_csv = csv_of(tmp_path / "random.csv", columns)
    as_parquet = tmp_path / "random.parquet"
    parquet.write_table(pa.table(dict(columns)), as_parquet)

    evaluate_file(as_csv, BY_COLUMN, weights="", alpha=0.05)
    from_csv = capsys.readouterr().out
    evaluate_file(as_parquet, BY_COLUMN, weights="", alpha=0.05)

    assert capsys.readouterr().out == from_csv
    assert len(intervals(from_csv)) == 2
    for low, high in intervals(from_csv):
        assert low <= campaign(name).bts_value <= high
    assert "10,000 units, effective sample size " in from_csv
    assert "careful: the values are skewed" in from_csv
    assert "Doubly robust needs" in from_csv


def test_evaluate_when_run_then_prints_estimates(command: Command, tmp_path: Path) -> None:
    log = csv_of(tmp_path / "log.csv", {name: list(cells) * 40 for name, cells in SMALL.items()})
    options = ("--action", "action", "--reward", "reward", "--propensity", "p", "--weights", "a=0.5,b=0.5")

    output, complaints = command("evaluate", log, *options).communicate(timeout=TIMEOUT_SECONDS)

    # IPS: a earns 2 of 3 times, weight 1; b 1 of 2 times, weight 2; of 6 rows.
    assert complaints == ""
    assert output.splitlines()[1].split()[:3] == ["inverse", "propensity", "0.66667"]
    assert output.splitlines()[2].split()[:2] == ["self-normalised", "0.57143"]
    assert output.splitlines()[3].startswith("doubly robust")
    assert "really earned: 0.5" in output
    assert "240 units, effective sample size 178, largest weight 2" in output


def test_evaluate_when_propensities_are_missing_then_says_so_and_fails(command: Command, tmp_path: Path) -> None:
    log = csv_of(tmp_path / "log.csv", {**SMALL, "p": [0.5, "", 0.5, 0.25, 0.5, 0.25]})
    options = ("--action", "action", "--reward", "reward", "--propensity", "p", "--weights", "a=0.5,b=0.5")

    process = command("evaluate", log, *options)
    output, complaints = process.communicate(timeout=TIMEOUT_SECONDS)

    assert (process.returncode, output) == (1, "")
    assert complaints == "expctl: not estimable because some allocations have no logged propensity\n"


@pytest.mark.parametrize(
    ("changed", "weights", "obstacle"),
    [
        ({"p": [0.5, 0, 0.5, 0.25, 0.5, 0.25]}, "a=1", "MISSING_PROPENSITY"),
        ({}, "a=0.5,d=0.5", "ARM_NEVER_ALLOCATED"),
        ({"reward": [0] * 6}, "a=0.5,b=0.5", "ZERO_VARIANCE"),
        ({"action": [], "reward": [], "p": []}, "a=1", "NO_UNITS"),
    ],
)
def test_evaluate_when_the_log_cannot_tell_then_refuses(
    tmp_path: Path, changed: Mapping[str, Sequence[object]], weights: str, obstacle: str
) -> None:
    log = csv_of(tmp_path / "log.csv", {**SMALL, **changed})

    with pytest.raises(FailedPrecondition) as caught:
        evaluate_file(log, BY_WEIGHTS, weights=weights, alpha=0.05)

    assert (caught.value.reason, caught.value.metadata) == (Reason.NOT_ESTIMABLE, {"obstacle": obstacle})


@pytest.mark.parametrize(
    ("columns", "weights", "alpha", "field"),
    [
        (BY_WEIGHTS, "", 0.05, "--weights"),
        (Columns("action", "reward", "p", "p"), "a=1", 0.05, "--weights"),
        (Columns("", "reward", "p"), "a=1", 0.05, "--action"),
        (BY_WEIGHTS, "a=0.5", 0.05, "--weights"),
        (BY_WEIGHTS, "a=1", 0.5, "--alpha"),
        (Columns("action", "action", "p"), "a=1", 0.05, "action"),
        (Columns("", "reward", "nothing", "p"), "", 0.05, "file"),
    ],
)
def test_evaluate_when_something_is_wrong_then_names_it(
    tmp_path: Path, columns: Columns, weights: str, alpha: float, field: str
) -> None:
    with pytest.raises(InvalidArgument) as caught:
        evaluate_file(csv_of(tmp_path / "log.csv", SMALL), columns, weights=weights, alpha=alpha)

    assert [violation.field for violation in caught.value.violations] == [field]


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ("a=0.5,d=0.5", "not estimable because 'd' is not among the file's actions: a, b, c"),
        ("d=0.5,e=0.5", "not estimable because 'd', 'e' are not among the file's actions: a, b, c"),
    ],
)
def test_evaluate_when_the_file_lacks_an_action_then_names_it(tmp_path: Path, weights: str, message: str) -> None:
    with pytest.raises(FailedPrecondition) as caught:
        evaluate_file(csv_of(tmp_path / "log.csv", SMALL), BY_WEIGHTS, weights=weights, alpha=0.05)

    assert caught.value.message == message


def test_evaluate_when_the_file_has_many_actions_then_names_the_first_20(tmp_path: Path) -> None:
    actions = [f"a{number:02}" for number in range(25)]
    log = csv_of(tmp_path / "log.csv", {"action": actions, "reward": [1] * 25, "p": [0.04] * 25})

    with pytest.raises(FailedPrecondition) as caught:
        evaluate_file(log, BY_WEIGHTS, weights="d=1", alpha=0.05)

    assert caught.value.message.endswith("a18, a19 and 5 more")


@pytest.mark.parametrize(
    ("columns", "changed", "weights", "message"),
    [
        (BY_WEIGHTS, {"p": [0.5, 1.5, 0.5, 2, 0.5, 0.25]}, "a=1", "p: row 2 holds '1.5', which is not in [0, 1]"),
        (
            BY_WEIGHTS,
            {"reward": [1, 0, "inf", 1, 1, 0]},
            "a=1",
            "reward: row 3 holds 'inf', which is not a finite number",
        ),
        (
            Columns("", "reward", "p", "action"),
            {"action": [0.5, 0.5, "nan", 2, 1, 1]},
            "",
            "action: row 3 holds 'nan', which is not in [0, 1]",
        ),
        (BY_WEIGHTS, {}, "a=0.5", "--weights: sum to 0.5, must sum to 1"),
    ],
)
def test_evaluate_when_a_cell_or_flag_is_wrong_then_says_where(
    tmp_path: Path, columns: Columns, changed: Mapping[str, Sequence[object]], weights: str, message: str
) -> None:
    with pytest.raises(InvalidArgument) as caught:
        evaluate_file(csv_of(tmp_path / "log.csv", {**SMALL, **changed}), columns, weights=weights, alpha=0.05)

    assert caught.value.message == message


def test_parsed_when_well_formed_then_weights_by_name() -> None:
    assert parsed("a=0.25, b = c =.75") == {"a": 0.25, "b = c": 0.75}


@pytest.mark.parametrize("text", ["", "a", "a=", "=1", "a=much", "a=2", "a=-1", "a=nan", "a=0.5,", "a=0.5,a=0.5"])
def test_parsed_when_malformed_then_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        parsed(text)

    assert [violation.field for violation in caught.value.violations] == ["--weights"]
