"""The lab as people run it: a quick report from end to end, and arguments that are wrong."""

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from services.bandit.lab.__main__ import main
from services.bandit.lab.studies import chosen, names
from shared.errors import InvalidArgument, Reason

QUICK = ("--quick", "--runs", "1", "--workers", "1")


def report(directory: Path, *arguments: str) -> str:
    main([*QUICK, *arguments, "--out", str(directory)])
    return (directory / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("lab")
    report(directory)
    return directory


def test_report_when_quick_then_all_questions_are_answered(quick: Path) -> None:
    text = (quick / "README.md").read_text(encoding="utf-8")

    for words in (
        "More conversions during",
        "Do contexts pay",
        "start from an earlier experiment",
        "Sooner to a decision",
        "cost in precision",
        "stop rules keep",
        "guardrails pause an arm",
    ):
        assert words in text.split("## Conversions gained")[0]
    assert "nan" not in text.lower()
    assert "A quick run" in text


def test_report_when_quick_then_every_picture_is_there_and_every_file_is_shown(quick: Path) -> None:
    text = (quick / "README.md").read_text(encoding="utf-8")
    pictures = set(re.findall(r"\]\(([^)]+\.svg)\)", text))

    assert pictures == {file.name for file in quick.glob("*.svg")}
    for name in pictures:
        page = ET.parse(quick / name).getroot()
        assert page.find("{http://www.w3.org/2000/svg}desc").text  # type: ignore[union-attr]


def test_report_when_tables_are_read_then_rows_are_as_wide_as_their_heads(quick: Path) -> None:
    for block in (quick / "README.md").read_text(encoding="utf-8").split("\n\n"):
        if block.startswith("|"):
            assert len({line.count("|") for line in block.strip().splitlines()}) == 1


def test_report_when_repeated_then_the_same_to_the_letter(tmp_path: Path) -> None:
    first, again = (report(tmp_path / name, "--only", "thornton") for name in ("a", "b"))

    assert first == again
    assert (tmp_path / "a/gains.svg").read_bytes() == (tmp_path / "b/gains.svg").read_bytes()


def test_report_when_the_seed_is_another_then_other_figures(tmp_path: Path) -> None:
    first, other = (report(tmp_path / seed, "--only", "thornton", "--seed", seed) for seed in ("1", "2"))

    assert first.splitlines()[8:] != other.splitlines()[8:]


def test_report_when_one_problem_is_asked_for_then_it_alone(tmp_path: Path) -> None:
    text = report(tmp_path, "--only", "thornton")

    assert "Sooner to a decision" not in text
    assert "| headlines |" not in text
    assert "| thornton |" in text


def test_only_when_the_name_is_unknown_then_refused_with_the_names_that_there_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(InvalidArgument) as refused:
        chosen(["thornton", "nonsense"], quick=False)
    assert refused.value.reason is Reason.INVALID_FIELD

    with pytest.raises(SystemExit) as ended:
        main(["--only", "nonsense", "--out", str(tmp_path / "lab")])

    assert ended.value.code == 1
    said = capsys.readouterr().err
    assert "nonsense: no such problem" in said
    assert "headlines" in said
    assert not (tmp_path / "lab").exists()


@pytest.mark.parametrize(
    ("argument", "value"), [("--runs", "0"), ("--runs", "-3"), ("--runs", "many"), ("--workers", "0"), ("--seed", "-1")]
)
def test_arguments_when_out_of_range_then_refused(
    argument: str, value: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([f"{argument}={value}", "--out", str(tmp_path / "lab")])

    assert ended.value.code == 2
    assert f"argument {argument}: {value} must be a whole number" in capsys.readouterr().err
    assert not (tmp_path / "lab").exists()


def test_out_when_it_is_a_file_then_said_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "lab").write_text("")

    with pytest.raises(SystemExit) as ended:
        main([*QUICK, "--only", "thornton", "--out", str(tmp_path / "lab")])

    assert ended.value.code == 1
    assert "File exists" in capsys.readouterr().err


def test_names_when_listed_then_each_stands_for_one_problem() -> None:
    assert len(names()) == len(set(names()))


def test_expctl_when_it_simulates_then_the_arguments_arrive_and_the_exit_code_comes_back() -> None:
    command = [sys.executable, "-m", "services.admin", "simulate", "--only", "nonsense", "--seed", "3"]

    ended = subprocess.run(command, capture_output=True, text=True, check=False)

    assert ended.returncode == 1
    assert "nonsense: no such problem" in ended.stderr
