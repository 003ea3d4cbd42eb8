"""The commands on hypotheses, against a real AI service without a key."""

from pathlib import Path

import pytest

from tests.admin.commands.ai.files import METRICS, suggested, written
from tests.admin.conftest import Expctl


def test_suggest_when_the_sample_is_given_then_shows_hypotheses_and_what_to_type_next(expctl: Expctl) -> None:
    ended = expctl("hypothesis", "suggest", "-f", METRICS)

    assert ended.code == 0
    assert "delivery-date" in ended.out
    assert "proposed" in ended.out
    assert "(suggest hypotheses) succeeded" in ended.err
    best = ended.out.splitlines()[1].split()[0]
    assert f"hypothesis show {best}" in ended.err
    assert f"design recommend --hypothesis {best} --units-per-day N" in ended.err


def test_suggest_when_for_machines_then_nothing_but_the_answer_best_first(expctl: Expctl) -> None:
    found = suggested(expctl)

    assert len(found) > 1
    scores = [each["score"] for each in found]
    assert scores == sorted(scores, reverse=True)
    assert {each["provenance"]["fallback_reason"] for each in found} == {"FALLBACK_REASON_NO_KEY"}
    assert all(each["because"] and each["falsifier"] for each in found)


def test_suggest_when_a_goal_is_given_then_it_takes_the_place_of_the_file_s(expctl: Expctl) -> None:
    long = expctl("-o", "json", "hypothesis", "suggest", "-f", METRICS, "--goal", "x" * 1501)

    assert long.code == 2
    # What is not in the file is named with its first line.
    assert f"{METRICS}:" in long.err
    assert '"field": "goal"' in long.err


def test_suggest_when_an_earlier_experiment_is_of_no_metric_then_says_that_it_is_left_aside(
    expctl: Expctl, tmp_path: Path
) -> None:
    file = written(tmp_path, METRICS.read_text().replace("    metric_id: bought\n", "    metric_id: bougth\n", 1))

    ended = expctl("hypothesis", "suggest", "-f", file)

    assert ended.code == 0
    assert "past_experiments[0].metric_id: bougth is none of the metrics: this experiment is left aside" in ended.err
    assert "left aside" not in expctl("hypothesis", "suggest", "-f", METRICS, "--no-wait").err


def test_suggest_when_not_waited_for_then_the_job(expctl: Expctl) -> None:
    ended = expctl("hypothesis", "suggest", "-f", METRICS, "--no-wait")
    job = ended.out.split()[1]

    assert ended.code == 0
    assert f"job wait {job}" in ended.err
    waited = expctl("-o", "json", "job", "wait", job)
    assert (waited.code, waited.json["state"]) == (0, "JOB_STATE_SUCCEEDED")
    assert waited.json["hypothesis_ids"]


def test_suggest_when_nothing_bears_any_then_says_so(expctl: Expctl, tmp_path: Path) -> None:
    nothing = "metrics: [{metric_id: signup, kind: proportion}]\nignore_stored_experiments: true\n"

    ended = expctl("hypothesis", "suggest", "-f", written(tmp_path, nothing))

    assert ended.code == 0
    assert "There are no hypotheses" in ended.out
    assert "To see the first" not in ended.err


@pytest.mark.parametrize(
    ("content", "line", "problem"),
    [
        ("goal: More\nmetrics:\n  - {metric_id: a, knd: mean}\n", 3, "metrics[0].knd: there is no such field"),
        ("goal: More\nmetrics:\n  - {metric_id: a, kind: median}\n", 3, "metrics[0].kind: must be one of"),
        ("goal: More\n\nmetrics: {}\n", 3, "metrics: must be a list"),
        (
            "metrics:\n  - {metric_id: a, kind: proportion,\n     baseline: 3}\n",
            3,
            "metrics[0].baseline: 3, a rate must be in [0, 1]",
        ),
        ("metrics:\n  - {metric_id: a, kind: mean}\nmax_count: 9\n", 3, "max_count: must be"),
        ("metrics: [\n", 2, "no YAML"),
    ],
)
def test_suggest_when_the_file_is_wrong_then_names_the_line_and_asks_for_nothing(
    expctl: Expctl, tmp_path: Path, content: str, line: int, problem: str
) -> None:
    before = expctl("-o", "json", "job", "list", "--limit", 0).json
    file = written(tmp_path, content)

    ended = expctl("hypothesis", "suggest", "-f", file)

    assert (ended.code, ended.out) == (2, "")
    assert f"{file}:{line}: {problem}" in ended.err
    assert expctl("-o", "json", "job", "list", "--limit", 0).json == before


def test_suggest_when_there_is_no_file_then_2(expctl: Expctl, tmp_path: Path) -> None:
    missing = expctl("hypothesis", "suggest", "-f", tmp_path / "none.yaml")

    assert missing.code == 2
    assert "there is no file" in missing.err
    assert expctl("hypothesis", "suggest").code == 2


def test_suggest_when_a_viewer_asks_then_4(expctl: Expctl) -> None:
    ended = expctl("-o", "json", "hypothesis", "suggest", "-f", METRICS, who="vic")

    assert ended.code == 4
    assert '"reason": "PERMISSION_DENIED"' in ended.err


def test_list_when_filtered_then_those_alone(expctl: Expctl) -> None:
    made = [each["hypothesis_id"] for each in suggested(expctl)]
    expctl("hypothesis", "reject", made[0], "-m", "Not now")

    def listed(*options: object) -> list[str]:
        items = expctl("-o", "json", "hypothesis", "list", *options, "--limit", 0).json["items"]
        return [each["hypothesis_id"] for each in items]

    assert made[0] in listed("--state", "rejected")
    assert made[0] not in listed("--state", "proposed")
    assert set(listed("--metric", "added_to_cart")) <= set(listed())
    assert set(listed("--best")) == set(listed())
    assert len(expctl("-o", "jsonl", "hypothesis", "list", "--limit", 2).out.splitlines()) == 2
    assert listed("--metric", "nothing") == []
    assert "There are no hypotheses" in expctl("hypothesis", "list", "--metric", "nothing").out


def test_show_when_asked_then_what_bears_it_and_what_would_refute_it(expctl: Expctl) -> None:
    (first, *_) = suggested(expctl)

    shown = expctl("hypothesis", "show", first["hypothesis_id"], who="vic")

    assert shown.code == 0
    words = " ".join(shown.out.split())
    assert first["statement"] in words
    assert all(each["text"] in words for each in first["because"])
    assert f"falsifier {first['falsifier']}" in words
    assert "confidence is made of" in words
    assert "Words by heuristic (no key), engine, grounding clean" in words
    assert expctl("-o", "json", "hypothesis", "show", first["hypothesis_id"]).json == first


def test_accept_when_asked_then_it_is_and_who_said_so(expctl: Expctl) -> None:
    (first, *_) = suggested(expctl)

    accepted = expctl("hypothesis", "accept", first["hypothesis_id"], "-m", "Worth a test", who="rob")
    found = expctl("-o", "json", "hypothesis", "show", first["hypothesis_id"]).json

    assert accepted.code == 0
    assert "by rob: Worth a test" in accepted.out
    assert (found["state"], found["reviewer"]) == ("HYPOTHESIS_STATE_ACCEPTED", "rob")


def test_reject_when_no_reason_is_given_and_nobody_can_be_asked_then_2_and_nothing_changes(expctl: Expctl) -> None:
    (first, *_) = suggested(expctl)

    unsaid = expctl("hypothesis", "reject", first["hypothesis_id"])
    assert unsaid.code == 2
    assert "--reason: is needed" in unsaid.err
    assert expctl("-o", "json", "hypothesis", "show", first["hypothesis_id"]).json == first

    said = expctl("-o", "json", "hypothesis", "reject", first["hypothesis_id"], "-m", "Against our promise")
    assert (said.json["state"], said.json["review_reason"]) == ("HYPOTHESIS_STATE_REJECTED", "Against our promise")


@pytest.mark.parametrize("command", ["show", "accept", "reject"])
def test_commands_when_there_is_no_such_hypothesis_then_3(expctl: Expctl, command: str) -> None:
    more = ["-m", "No"] if command == "reject" else []

    ended = expctl("-o", "json", "hypothesis", command, "hypothesis_none", *more)

    assert (ended.code, ended.out) == (3, "")
    assert '"reason": "HYPOTHESIS_NOT_FOUND"' in ended.err
