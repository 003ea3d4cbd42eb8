"""The commands on the AI service itself, which has no key."""

from pathlib import Path

from tests.admin.commands.ai.files import analysed, recommended, suggested
from tests.admin.conftest import Expctl


def test_check_when_there_is_no_key_then_1_and_says_so(expctl: Expctl) -> None:
    shown = expctl("ai", "check")
    found = expctl("-o", "json", "ai", "check")

    assert (shown.code, found.code) == (1, 1)
    assert "no key is configured" in shown.out
    assert (found.json["ok"], found.json["cost_usd"]) == (False, 0)
    assert found.json["fallback_reason"] == "FALLBACK_REASON_NO_KEY"


def test_effectiveness_when_there_are_answers_then_counts_them(expctl: Expctl, tmp_path: Path) -> None:
    suggested(expctl)
    recommended(expctl, tmp_path)
    analysed(expctl, tmp_path)

    shown = expctl("ai", "effectiveness")
    (found,) = expctl("-o", "json", "ai", "effectiveness", who="vic").json["providers"]

    assert shown.code == 0
    lines = {tuple(line.split()) for line in shown.out.splitlines()}
    assert {("words", "by", "heuristic"), ("hypotheses", found["hypothesis_count"])} <= lines
    assert {("designs", found["design_count"]), ("analyses", found["analysis_count"]), ("win", "rate", "-")} <= lines
    assert found["provider"] == "AI_PROVIDER_HEURISTIC"
    assert "win_rate" not in found
    assert "From an idea to a ready design: " in shown.out
