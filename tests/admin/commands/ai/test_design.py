"""The commands on designs, against a real AI service without a key, and a real review."""

from pathlib import Path

import pytest

from tests.admin.commands.ai.files import DESIGN, PLAN, recommended, suggested, written
from tests.admin.conftest import Expctl

SCARCE = DESIGN.replace("20000", "20")


def test_recommend_when_a_hypothesis_is_named_then_a_design_of_its_test(expctl: Expctl) -> None:
    (hypothesis, *_) = suggested(expctl)
    name = hypothesis["hypothesis_id"]

    found = expctl("-o", "json", "design", "recommend", "--hypothesis", name, "--units-per-day", 8000).json

    assert (found["hypothesis_id"], found["recommended"]) == (name, True)
    assert found["plan"]["primary_metric_id"] == hypothesis["primary_metric_id"]
    of_it = expctl("-o", "json", "design", "list", "--hypothesis", name).json["items"]
    assert of_it == [found]


def test_recommend_when_a_file_is_given_then_plans_it_and_says_how_to_go_on(expctl: Expctl, tmp_path: Path) -> None:
    ended = expctl("design", "recommend", "-f", written(tmp_path, DESIGN))

    words = " ".join(ended.out.split())
    assert ended.code == 0
    assert ": recommended. A shorter form makes more visitors sign up" in words
    assert "primary metric signup" in words
    assert "Why it is so:" in words
    name = ended.out.split(":")[0]
    assert f"design create-experiment {name} --id NAME" in ended.err


def test_recommend_when_options_are_given_beside_a_file_then_they_count(expctl: Expctl, tmp_path: Path) -> None:
    file = written(tmp_path, SCARCE)

    few = expctl("-o", "json", "design", "recommend", "-f", file).json
    many = expctl("-o", "json", "design", "recommend", "-f", file, "--units-per-day", 20000).json

    assert (few["recommended"], many["recommended"]) == (False, True)


def test_recommend_when_a_rule_blocks_then_says_so_and_suggests_no_experiment(expctl: Expctl, tmp_path: Path) -> None:
    ended = expctl("design", "recommend", "-f", written(tmp_path, SCARCE))

    assert ended.code == 0
    assert "NOT recommended: a rule blocks it" in ended.out
    assert "blocking" in ended.out
    assert "create-experiment" not in ended.err


@pytest.mark.parametrize("options", [[], ["--hypothesis", "hypothesis_1"], ["--units-per-day", "5000"]])
def test_recommend_when_too_little_is_given_then_2_and_says_what_is_needed(expctl: Expctl, options: list[str]) -> None:
    ended = expctl("design", "recommend", *options)

    assert ended.code == 2
    assert "--file: is needed, or --hypothesis with --units-per-day" in ended.err


def test_recommend_when_the_file_is_wrong_then_names_the_lines(expctl: Expctl, tmp_path: Path) -> None:
    unknown = written(tmp_path, DESIGN.replace("relative_mde", "relative_med"), "unknown.yaml")
    refused = written(tmp_path, DESIGN.replace("20000", "-1") + "primary_metric_id: nothing\n", "refused.yaml")

    assert f"{unknown}:5: relative_med: there is no such field; is it relative_mde?" in " ".join(
        expctl("design", "recommend", "-f", unknown).err.split()
    )
    ended = expctl("design", "recommend", "-f", refused)
    assert ended.code == 2
    assert f"{refused}:4: traffic.units_per_day: must be" in ended.err


def test_list_when_filtered_then_those_alone(expctl: Expctl, tmp_path: Path) -> None:
    good, scarce = recommended(expctl, tmp_path), recommended(expctl, tmp_path, SCARCE)

    everything = [each["design_id"] for each in expctl("-o", "json", "design", "list").json["items"]]
    sound = [each["design_id"] for each in expctl("-o", "json", "design", "list", "--recommended").json["items"]]

    assert {good["design_id"], scarce["design_id"]} <= set(everything)
    assert good["design_id"] in sound
    assert scarce["design_id"] not in sound
    table = expctl("design", "list").out
    assert f"{scarce['design_id']}  blocked" in table
    assert "There are no designs yet." in expctl("design", "list", "--hypothesis", "hypothesis_none").out


def test_show_when_asked_then_the_same(expctl: Expctl, tmp_path: Path) -> None:
    made = recommended(expctl, tmp_path)

    assert expctl("-o", "json", "design", "show", made["design_id"], who="vic").json == made
    assert f"{made['design_id']}: recommended" in expctl("design", "show", made["design_id"]).out


def test_create_experiment_when_recommended_then_the_agent_s_draft_waits_for_a_reviewer(
    expctl: Expctl, tmp_path: Path
) -> None:
    design = recommended(expctl, tmp_path)["design_id"]

    made = expctl("design", "create-experiment", design, "--id", "short-form", "--name", "Short form")
    draft = expctl("-o", "json", "experiment", "show", "short-form").json
    (request,) = expctl("-o", "json", "review", "list", "--experiment", "short-form").json["items"]

    assert made.code == 0
    assert f"--as rob review approve {request['change_request_id']}" in made.err
    assert (draft["state"], draft["creator"]) == ("EXPERIMENT_STATE_DRAFT", "agent")
    assert draft["display_name"] == "Short form"
    assert (request["state"], request["requester"]) == ("CHANGE_REQUEST_STATE_PENDING", "agent")
    assert "The experiment has no ramp of its own." in " ".join(made.err.split())
    assert "propose traffic: {share: 0.05} before it starts" in " ".join(made.err.split())
    assert "experiment propose -f FILE" in made.err
    assert "became short-form" in " ".join(expctl("design", "list").out.split())
    approved = expctl("review", "approve", request["change_request_id"], "--apply", "--yes", who="rob")
    assert approved.code == 0
    assert expctl("-o", "json", "experiment", "show", "short-form").json["state"] == "EXPERIMENT_STATE_RUNNING"


def test_create_experiment_when_a_draft_alone_is_wanted_then_nothing_is_proposed(
    expctl: Expctl, tmp_path: Path
) -> None:
    design = recommended(expctl, tmp_path)["design_id"]

    made = expctl("-o", "json", "design", "create-experiment", design, "--id", "draft-only", "--draft-only")

    assert (made.code, made.json["change_request_id"]) == (0, "")
    assert made.json["experiment"]["experiment_id"] == "draft-only"
    assert expctl("-o", "json", "review", "list", "--experiment", "draft-only").json["items"] == []


def test_create_experiment_when_it_cannot_be_then_says_why(expctl: Expctl, tmp_path: Path) -> None:
    fresh = recommended(expctl, tmp_path)["design_id"]
    scarce = recommended(expctl, tmp_path, SCARCE)["design_id"]
    expctl("design", "create-experiment", recommended(expctl, tmp_path)["design_id"], "--id", "taken")

    taken = expctl("-o", "json", "design", "create-experiment", fresh, "--id", "taken")
    blocked = expctl("-o", "json", "design", "create-experiment", scarce, "--id", "scarce")
    misnamed = expctl("design", "create-experiment", fresh, "--id", "Not An Id")

    assert (taken.code, '"reason": "EXPERIMENT_ALREADY_EXISTS"' in taken.err) == (5, True)
    assert (blocked.code, '"reason": "INVALID_STATE"' in blocked.err) == (1, True)
    assert (misnamed.code, "experiment_id" in misnamed.err) == (2, True)
    assert expctl("design", "create-experiment", fresh).code == 2


@pytest.mark.parametrize("command", [["show", "design_none"], ["create-experiment", "design_none", "--id", "other"]])
def test_commands_when_there_is_no_such_design_then_3(expctl: Expctl, command: list[str]) -> None:
    ended = expctl("-o", "json", "design", *command)

    assert (ended.code, ended.out) == (3, "")
    assert '"reason": "DESIGN_NOT_FOUND"' in ended.err


def test_validate_when_no_rule_blocks_then_0(expctl: Expctl, tmp_path: Path) -> None:
    ended = expctl("design", "validate", "-f", written(tmp_path, PLAN))

    assert ended.code == 0
    assert "No rule blocks it." in ended.err


def test_validate_when_a_rule_blocks_then_1_and_names_it(expctl: Expctl, tmp_path: Path) -> None:
    short = written(tmp_path, PLAN.replace("14d", "3d").replace("20000", "200000"))

    ended = expctl("design", "validate", "-f", short)
    found = expctl("-o", "json", "design", "validate", "-f", short)

    assert (ended.code, found.code) == (1, 1)
    assert "D03" in ended.out
    assert "1 rule blocks it." in ended.err
    blocking = [each for each in found.json["findings"] if each["severity"] == "FINDING_SEVERITY_BLOCKING"]
    assert [each["rule_id"] for each in blocking] == ["D03"]
    assert found.json["acceptable"] is False


def test_validate_when_the_file_is_wrong_then_2_and_names_the_line(expctl: Expctl, tmp_path: Path) -> None:
    file = written(tmp_path, PLAN.replace("0.05", "-0.05"))

    ended = expctl("design", "validate", "-f", file)

    assert ended.code == 2
    assert f"{file}:6: plan.relative_mde: must be" in ended.err
