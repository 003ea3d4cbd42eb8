"""The commands `expctl bandit ...` against a real replica."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from services.admin.run import run
from tests.bandit.conftest import CHECKOUT, World
from tests.fakes import identity

Expctl: TypeAlias = Callable[..., tuple[int, str, str]]


@pytest.fixture
def expctl(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Expctl:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    world.apply(CHECKOUT)
    world.wait_for_version("checkout", 1)

    def call(*arguments: str, who: str = "ann") -> tuple[int, str, str]:
        monkeypatch.setenv("EXPCTL_TOKEN", identity.secret(who).value)
        capsys.readouterr()
        code = run(["bandit", *arguments, "--address", world.address])
        output = capsys.readouterr()
        return code, output.out, output.err

    return call


def test_status_and_history_when_served_then_shown(expctl: Expctl) -> None:
    code, shown, _ = expctl("status", "checkout")
    assert code == 0
    assert shown.startswith("checkout: running, ")

    code, shown, _ = expctl("history", "checkout", "-o", "json")
    assert code == 0
    assert [snapshot["policy_version"] for snapshot in json.loads(shown)["items"]] == ["1"]
    assert "definition" in expctl("history", "checkout")[1]


def test_status_when_the_experiment_is_unknown_then_3(expctl: Expctl) -> None:
    assert expctl("status", "none")[0] == 3
    assert expctl("history", "none")[0] == 3


def test_freeze_and_unfreeze_when_asked_then_on_record(expctl: Expctl) -> None:
    frozen = expctl("freeze", "checkout", "-m", "Black Friday")
    again = expctl("unfreeze", "checkout", "-m", "Over", "-o", "json")

    assert frozen[0] == 0
    assert "checkout: freeze by ann, " in frozen[1]
    assert frozen[1].rstrip().endswith("UTC: Black Friday")
    assert json.loads(again[1])["kind"] == "LEARNING_SWITCH_KIND_UNFREEZE"


def test_freeze_when_there_is_no_reason_then_2_and_when_one_may_not_then_4(expctl: Expctl) -> None:
    assert expctl("freeze", "checkout")[0] == 2
    assert expctl("freeze", "checkout", "-m", "x", who="vic")[0] == 4


def test_serve_control_when_asked_then_everybody_gets_it_until_it_is_undone(expctl: Expctl) -> None:
    served = expctl("serve-control", "checkout", "-m", "Orders fail")

    assert served[0] == 0
    assert "checkout: serve control by ann" in served[1]
    assert "bandit serve-arms checkout" in served[2]
    assert "everybody gets the control, by ann since " in expctl("status", "checkout")[1]
    assert expctl("serve-arms", "checkout", "-m", "Orders work")[0] == 0
    assert "everybody gets the control" not in expctl("status", "checkout")[1]
