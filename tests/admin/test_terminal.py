"""The command in real terminals: widths, colours, questions, the pager, interrupts."""

import json
import re
from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.admin.commands.experiment_files import CHECKOUT, written
from tests.admin.conftest import Expctl
from tests.admin.several_lines import END
from tests.admin.terminal import Terminal
from tests.fakes import identity

LONG = "Is a longer text with 漢字 and an unbreakable_" + "word" * 40


@pytest.fixture
def request_id(expctl: Expctl, tmp_path: Path) -> str:
    """A request that waits for approval, of an experiment with long words everywhere."""
    words = f'display_name: "{LONG[:190]}"\ndescription: "{LONG}"\nlabels: {{team: {"x" * 60}}}\n'
    content = CHECKOUT.replace("arm_id: green", f"arm_id: {'green' * 12}") + words
    assert expctl("experiment", "create", "-f", written(tmp_path, content)).code == 0
    started = expctl("-o", "json", "experiment", "start", "checkout", "-m", LONG)
    request = str(started.json["change_request_id"])
    expctl("review", "comment", request, "-m", LONG, who="rob")
    return request


def calling(expctl: Expctl, *arguments: object, who: str = "rob") -> list[object]:
    return ["--directory", expctl.directory, "--review-address", expctl.address, "--as", who, *arguments]


def expctl_at(expctl: Expctl, *arguments: object, **environment: str) -> Terminal:
    line = ["-m", "services.admin", *calling(expctl, *arguments)]
    return Terminal(line, columns=80, environment=environment)


def looking(expctl: Expctl, request: str, directory: Path) -> list[list[str]]:
    """Returns the command lines of everything that only looks, and of some that fail."""
    file = written(directory, CHECKOUT + f'description: "{LONG} {LONG}"\nplan: {{days: 3, units: 100}}\n', "other.yaml")
    lines: list[tuple[object, ...]] = [
        ("experiment", "list"),
        ("experiment", "show", "checkout"),
        ("experiment", "revisions", "checkout"),
        ("experiment", "propose", "-f", file, "--dry-run"),
        ("review", "list"),
        ("review", "show", request),
        ("review", "diff", request),
        ("review", "wait", request, "--timeout", "0s"),
        ("policy", "list"),
        ("policy", "show"),
        ("policy", "test", "--request", request, "--facts"),
        ("audit", "tail"),
        ("audit", "verify"),
        ("token", "list"),
        ("whoami",),
        ("doctor",),
        ("version",),
        ("review", "show", "cr_none"),
        ("experiment", "show", LONG),
        ("review", "nonsense"),
    ]
    return [[str(word) for word in calling(expctl, *line, who="ada")] for line in lines]


@pytest.mark.parametrize("columns", [80, 120])
def test_output_when_in_a_terminal_then_no_line_is_wider(
    expctl: Expctl, request_id: str, tmp_path: Path, columns: int
) -> None:
    lines = looking(expctl, request_id, tmp_path)

    with Terminal(["-m", "tests.admin.several_lines", *map(json.dumps, lines)], columns=columns) as terminal:
        assert terminal.end() == 0

    # What is to be typed stays in one line, so that it can be copied.
    shown = [line for line in terminal.lines if not line.startswith(("  ", "expctl:")) or "expctl" not in line]
    codes = [int(line.split()[-1]) for line in shown if line.startswith(END)]
    assert codes == [0] * 7 + [6] + [0] * 7 + [1] + [0, 3, 3, 2]
    assert "Traceback" not in terminal.text
    assert [line for line in shown if cell_len(line) > columns] == []
    assert "\x1b[" in terminal.raw


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_colours_when_nobody_wants_them_then_there_are_none(
    expctl: Expctl, request_id: str, environment: dict[str, str]
) -> None:
    with expctl_at(expctl, "review", "show", request_id, **environment) as terminal:
        assert terminal.end() == 0
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", terminal.raw)


def test_colours_when_a_diff_is_shown_then_red_goes_and_green_comes(expctl: Expctl, request_id: str) -> None:
    with expctl_at(expctl, "review", "diff", request_id) as terminal:
        assert terminal.end() == 0
    assert re.search(r"\x1b\[31m-", terminal.raw)
    assert re.search(r"\x1b\[32m\+", terminal.raw)
    with expctl_at(expctl, "review", "diff", request_id, "--no-color") as terminal:
        assert terminal.end() == 0
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", terminal.raw)


def test_approve_when_asked_then_shows_it_first_and_no_is_no(expctl: Expctl, request_id: str) -> None:
    with expctl_at(expctl, "review", "approve", request_id) as terminal:
        terminal.expect("Approve this change? [y/N] ")
        assert "@@ state @@" in terminal.text
        terminal.type("\n")
        assert terminal.end() == 1
    assert "Nothing was done." in terminal.text

    with expctl_at(expctl, "review", "approve", request_id) as terminal:
        terminal.expect("Approve this change? [y/N] ")
        terminal.type("y\n")
        assert terminal.end() == 0
    assert "is approved" in terminal.text


def test_approve_when_edited_while_one_reads_then_the_approval_does_not_count(expctl: Expctl, request_id: str) -> None:
    with expctl_at(expctl, "review", "approve", request_id) as terminal:
        terminal.expect("Approve this change? [y/N] ")
        assert expctl("review", "edit", request_id, "--reason", "Other words", "--auto-apply").code == 0
        terminal.type("y\n")
        assert terminal.end() == 5
    assert expctl("-o", "json", "review", "show", request_id).json["state"] == "CHANGE_REQUEST_STATE_PENDING"


def test_approve_when_interrupted_then_130(expctl: Expctl, request_id: str) -> None:
    with expctl_at(expctl, "review", "approve", request_id) as terminal:
        terminal.expect("Approve this change? [y/N] ")
        terminal.type("\x03")
        assert terminal.end() == 130
    assert "Traceback" not in terminal.text


def test_approve_when_there_is_to_be_no_question_then_names_the_flag(expctl: Expctl, request_id: str) -> None:
    with expctl_at(expctl, "review", "approve", request_id, "--no-input") as terminal:
        assert terminal.end() == 2
    assert "--yes: is needed" in terminal.text


def test_emergency_apply_when_the_name_is_typed_then_applies(expctl: Expctl, request_id: str) -> None:
    line = ("review", "emergency-apply", request_id, "-m", "Checkout fails for all")
    with expctl_at(expctl, *line) as terminal:
        terminal.expect("Type checkout to go on: ")
        terminal.type("yes\n")
        assert terminal.end() == 2

    with expctl_at(expctl, *line) as terminal:
        terminal.expect("Type checkout to go on: ")
        terminal.type("checkout\n")
        assert terminal.end() == 0
    assert "in an emergency, unsigned" in terminal.words


def test_reject_when_there_is_an_editor_then_the_comment_comes_from_it(
    expctl: Expctl, request_id: str, tmp_path: Path
) -> None:
    editor = tmp_path / "editor.sh"
    editor.write_text('#!/bin/sh\nsed -n 2,2p "$1" > "$1.heading"\necho "Not now" >> "$1"\n')
    editor.chmod(0o755)

    with expctl_at(expctl, "review", "reject", request_id, VISUAL=str(editor)) as terminal:
        terminal.expect("Reject this change? [y/N] ")
        terminal.type("y\n")
        assert terminal.end() == 0

    (verdict,) = expctl("-o", "json", "review", "show", request_id).json["verdicts"]
    assert verdict["comment"] == "Not now"


def test_login_when_the_token_is_typed_then_it_is_not_shown(expctl: Expctl) -> None:
    line = ["-m", "services.admin", "login", "--profile", "here", "--review-address", expctl.address]
    with Terminal(line, columns=80) as terminal:
        terminal.expect("Token for here: ")
        terminal.type(f"{identity.secret('rob').value}\n")
        assert terminal.end() == 0
    assert identity.secret("rob").value not in terminal.raw
    assert "rob" in terminal.text


@pytest.mark.parametrize("more", [[], ["--no-pager"]])
def test_pager_when_the_answer_is_longer_than_the_terminal_then_shows_it(
    expctl: Expctl, tmp_path: Path, more: list[str]
) -> None:
    pager = tmp_path / "pager.sh"
    pager.write_text(f"#!/bin/sh\ncat > {tmp_path / 'paged'}\n")
    pager.chmod(0o755)

    with expctl_at(expctl, "policy", "show", *more, EXPCTL_PAGER=str(pager)) as terminal:
        assert terminal.end() == 0

    paged = tmp_path / "paged"
    assert paged.exists() is not bool(more)
    assert ("Policy version 0" in terminal.text) is bool(more)
    assert more or "Policy version 0" in paged.read_text()


def test_pager_when_it_is_missing_then_the_answer_is_shown(expctl: Expctl) -> None:
    with expctl_at(expctl, "policy", "show", EXPCTL_PAGER="/none/pager") as terminal:
        assert terminal.end() == 0
    assert "Policy version 0" in terminal.text


def test_watch_when_interrupted_then_130(expctl: Expctl, request_id: str) -> None:
    with expctl_at(expctl, "review", "watch") as terminal:
        terminal.expect(request_id)
        expctl("review", "cancel", request_id)
        terminal.expect("cancelled")
        terminal.type("\x03")
        assert terminal.end() == 130
