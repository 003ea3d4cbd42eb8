"""The commands of the policy, against a real review server."""

from pathlib import Path

import pytest

from services.admin.files.policy import read_policy
from services.admin.files.tree import FileProblems
from tests.admin.commands.experiment_files import CHECKOUT, written
from tests.admin.conftest import Expctl

RULES = """\
rules:
  - rule_id: everything
    description: Whatever it is.
    approval_count: 1
    roles: [reviewer]
"""


def test_show_when_nothing_was_changed_then_the_set_that_ships(expctl: Expctl) -> None:
    shown = expctl("policy", "show")

    assert shown.code == 0
    assert "Policy version 0" in shown.out
    assert "the set that ships" in shown.out
    assert expctl("policy", "show", 7).code == 3


def test_show_when_written_as_yaml_then_can_be_proposed_again(expctl: Expctl, tmp_path: Path) -> None:
    file = written(tmp_path, expctl("-o", "yaml", "policy", "show").out, "policy.yaml")

    assert read_policy(file).base_version == 0
    assert len(read_policy(file).rules) > 3
    file.write_text(file.read_text().replace("approval_count: 1", "approval_count: 3", 1))
    proposed = expctl("policy", "propose", "-f", file, "-m", "More", "--dry-run", who="ada")
    assert proposed.code == 0
    assert "0 rules added, 1 changed, 0 removed." in proposed.err


def test_propose_when_the_file_is_one_rule_then_2_and_shows_a_set(expctl: Expctl, tmp_path: Path) -> None:
    file = written(tmp_path, "rule_id: all\napproval_count: 1\n", "policy.yaml")

    ended = expctl("policy", "propose", "-f", file, "-m", "x", who="ada")

    assert ended.code == 2
    assert "is one rule, not a set of rules" in " ".join(ended.err.split())
    assert "- rule_id: two-for-revenue" in ended.err


def test_list_when_a_change_was_applied_then_both_versions(expctl: Expctl, tmp_path: Path) -> None:
    file = written(tmp_path, RULES, "policy.yaml")

    proposed = expctl("-o", "json", "policy", "propose", "-f", file, "-m", "Simple", who="ada")
    request = proposed.json["change_request_id"]

    assert proposed.code == 0
    assert proposed.json["state"] == "CHANGE_REQUEST_STATE_PENDING"
    assert "policy rules" in expctl("review", "show", request).out
    assert [each["version"] for each in expctl("-o", "json", "policy", "list").json["items"]] == ["0"]


def test_propose_when_dry_then_shows_what_would_change_and_changes_nothing(expctl: Expctl, tmp_path: Path) -> None:
    file = written(tmp_path, RULES, "policy.yaml")

    ended = expctl("policy", "propose", "-f", file, "-m", "Simple", "--dry-run", who="ada")

    assert ended.code == 0
    assert ended.out.startswith("dry run: nothing was stored\n")
    assert "1 rule added, 0 changed, " in ended.err
    assert "everything" in ended.out
    assert expctl("-o", "json", "review", "list").json == {"items": []}


def test_propose_when_a_rule_is_wrong_then_names_file_and_line(expctl: Expctl, tmp_path: Path) -> None:
    content = RULES + "    conditions:\n      - {fact: nonsense, operator: above, number: 1}\n"
    file = written(tmp_path, content, "policy.yaml")

    ended = expctl("policy", "propose", "-f", file, "-m", "x", who="ada")

    assert ended.code == 2
    assert f"{file}:7: rules[0].conditions[0].fact" in ended.err


def test_try_when_a_change_needs_an_approval_then_says_why(expctl: Expctl, tmp_path: Path) -> None:
    expctl("experiment", "create", "-f", written(tmp_path))

    ended = expctl("policy", "test", "checkout", "--change", "start", "--facts")

    assert ended.code == 0
    assert "Approvals needed: 1" in ended.out
    assert "begins_serving" in ended.out


def test_try_when_the_change_reduces_harm_then_needs_none(expctl: Expctl, tmp_path: Path) -> None:
    expctl("experiment", "create", "-f", written(tmp_path))
    request = expctl("-o", "json", "experiment", "start", "checkout").json["change_request_id"]
    expctl("review", "approve", request, "--apply", "--yes", who="rob")

    assert "only reduces harm" in expctl("policy", "test", "checkout", "--change", "pause").out


def test_try_when_rules_are_given_then_those_count(expctl: Expctl, tmp_path: Path) -> None:
    expctl("experiment", "create", "-f", written(tmp_path))
    file = written(tmp_path, CHECKOUT + "description: Other words.\n", "edited.yaml")
    rules = written(tmp_path, RULES, "policy.yaml")

    assert "No approval needed" in expctl("policy", "test", "-f", file).out
    assert "Approvals needed: 1 person with role reviewer" in expctl("policy", "test", "-f", file, "--rules", rules).out


@pytest.mark.parametrize("line", [(), ("checkout",), ("--change", "start"), ("checkout", "--change", "go")])
def test_try_when_the_line_is_wrong_then_2(expctl: Expctl, line: tuple[str, ...]) -> None:
    assert expctl("policy", "test", *line).code == 2


def test_read_when_there_are_no_rules_then_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileProblems, match=r"policy.yaml:1: rules: must be given"):
        read_policy(written(tmp_path, "version: 1\n", "policy.yaml"))


def test_show_when_the_rules_were_changed_then_yaml_with_what_the_server_says_is_taken(
    expctl: Expctl, tmp_path: Path
) -> None:
    file = written(tmp_path, RULES, "policy.yaml")
    request = expctl("-o", "json", "policy", "propose", "-f", file, "-m", "x", who="ada").json["change_request_id"]
    applied = expctl("review", "emergency-apply", request, "-m", "Rules are locked", "--confirm", request, who="ada")
    shown = expctl("-o", "yaml", "policy", "show").out

    file.write_text(shown.replace("approval_count: 1", "approval_count: 2"))
    proposed = expctl("-o", "json", "policy", "propose", "-f", file, "-m", "Two", who="ada")

    assert applied.code == 0
    assert "created_at" in shown
    assert (proposed.code, "0 rules added, 1 changed, 0 removed." in proposed.err) == (0, True)
