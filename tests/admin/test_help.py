"""Help: every command has one, with examples that can be typed, and it fits."""

import pytest

from services.admin.app import NAME, build
from services.admin.run import run
from tests.docs.command_tree import Entry, arguments, entries, parsed

WIDTH = 80

ENTRIES = entries()
EXAMPLES = [example for entry in ENTRIES for example in entry.examples]


@pytest.mark.parametrize("entry", [entry for entry in ENTRIES if not entry.is_group], ids=lambda entry: entry.line)
def test_help_when_asked_of_a_command_then_says_what_it_does_with_examples_and_fits(
    entry: Entry, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(WIDTH))
    monkeypatch.setattr("services.admin.commands.local.run_lab", lambda _arguments: 0)

    assert run([*entry.path, "--help"]) == 0

    shown = capsys.readouterr().out
    if entry.command.name != "simulate":
        assert f"Usage: {entry.line}" in shown
        assert "Examples:" in shown
    assert entry.command.help
    assert entry.examples
    assert max(map(len, shown.splitlines()), default=0) <= WIDTH


@pytest.mark.parametrize("entry", [entry for entry in ENTRIES if entry.is_group], ids=lambda entry: entry.line)
def test_help_when_asked_of_a_group_then_lists_its_commands_and_fits(
    entry: Entry, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(WIDTH))

    assert run([*entry.path, "-h"]) == 0

    shown = capsys.readouterr().out
    assert all(name in shown for name in entry.command.commands)
    assert max(map(len, shown.splitlines())) <= WIDTH


@pytest.mark.parametrize("example", EXAMPLES)
def test_example_when_typed_then_parses(example: str) -> None:
    assert parsed(build(), arguments(example)).startswith(NAME)
    assert max(map(len, example.split("\n"))) <= WIDTH


@pytest.mark.parametrize("entry", [entry for entry in ENTRIES if not entry.is_group], ids=lambda entry: entry.line)
def test_examples_when_below_a_command_then_they_call_it(entry: Entry) -> None:
    for example in entry.examples:
        assert parsed(build(), arguments(example)) == entry.line


def test_entries_when_listed_then_are_those_that_are_promised() -> None:
    promised = {
        "review": "list show diff approve reject request-changes comment cancel apply emergency-apply sign submit edit"
        " watch wait",
        "policy": "list show test propose",
        "experiment": "create list show propose start pause resume stop revisions",
        "bandit": "status history freeze unfreeze evaluate serve-control serve-arms",
        "hypothesis": "suggest list show accept reject",
        "design": "recommend list show create-experiment validate",
        "analysis": "run list show evidence sent",
        "job": "list show wait cancel",
        "ai": "check effectiveness",
        "audit": "tail verify export",
        "token": "create list rotate revoke",
        "principal": "list create update",
        "db": "migrate status",
    }
    found = {entry.path[0]: set(entry.command.commands) for entry in ENTRIES if entry.is_group and entry.path}
    assert found == {group: set(names.split()) for group, names in promised.items()}
    single = {entry.path[0] for entry in ENTRIES if len(entry.path) == 1 and not entry.is_group}
    assert single == {
        "up",
        "demo",
        "dashboard",
        "evaluate",
        "simulate",
        "login",
        "whoami",
        "doctor",
        "completion",
        "version",
    }
