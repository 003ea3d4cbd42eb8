"""The commands on experiments, against a real review server."""

import io
from pathlib import Path

import pytest

from tests.admin.commands.experiment_files import CHECKOUT, written
from tests.admin.conftest import Expctl

SAMPLE = Path(__file__).resolve().parents[3] / "docs" / "examples" / "experiment.yaml"


def start(expctl: Expctl, experiment_id: str = "checkout") -> None:
    request = expctl("-o", "json", "experiment", "start", experiment_id).json["change_request_id"]
    assert expctl("review", "approve", request, "--apply", "--yes", who="rob").code == 0


def test_create_when_dry_then_judges_the_sample_and_creates_nothing(expctl: Expctl) -> None:
    ended = expctl("experiment", "create", "-f", SAMPLE, "--dry-run")

    assert ended.code == 0
    assert ended.out.startswith("dry run: nothing was stored\n")
    assert "checkout-button: draft, revision 1" in ended.out
    assert "Design: " in ended.out
    assert expctl("-o", "json", "experiment", "list").json == {"items": []}


def test_create_when_asked_then_is_a_draft_and_says_how_to_start_it(expctl: Expctl) -> None:
    ended = expctl("experiment", "create", "-f", SAMPLE)

    assert ended.code == 0
    assert "experiment start checkout-button" in ended.err
    assert "order_value" in expctl("experiment", "show", "checkout-button").out
    assert "checkout-button" in expctl("experiment", "list", "--label", "team=growth", "--text", "COLOUR").out


def test_create_when_the_service_refuses_then_names_the_line(expctl: Expctl, tmp_path: Path) -> None:
    file = written(tmp_path, CHECKOUT.replace("control: true", "control: false"))

    ended = expctl("experiment", "create", "-f", file)

    assert ended.code == 2
    assert f"{file}:2: arms" in ended.err


def test_create_when_the_id_is_taken_then_5(expctl: Expctl, tmp_path: Path) -> None:
    expctl("experiment", "create", "-f", written(tmp_path))

    assert expctl("experiment", "create", "-f", written(tmp_path, CHECKOUT + "description: x\n")).code == 5


def test_create_when_there_is_no_file_then_2_and_says_so(expctl: Expctl, tmp_path: Path) -> None:
    missing = expctl("experiment", "create", "-f", tmp_path / "none.yaml")
    directory = expctl("-o", "json", "experiment", "create", "-f", tmp_path)

    assert (missing.code, directory.code) == (2, 2)
    assert f"there is no file {tmp_path / 'none.yaml'}" in missing.err.replace("\n", "")
    assert '"reason": "INVALID_FIELD"' in directory.err


def test_create_when_the_file_is_a_dash_then_reads_standard_input(
    expctl: Expctl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(CHECKOUT.encode())))

    ended = expctl("-o", "json", "experiment", "create", "-f", "-")

    assert (ended.code, ended.json["experiment_id"]) == (0, "checkout")


def test_propose_when_the_draft_differs_then_applied_at_once(expctl: Expctl, tmp_path: Path) -> None:
    expctl("experiment", "create", "-f", written(tmp_path))
    file = written(tmp_path, CHECKOUT + "traffic: {share: 0.5}\ndescription: Other words.\n")

    several = expctl("experiment", "propose", "-f", file)
    made = expctl("-o", "json", "experiment", "propose", "-f", file, "--yes")

    assert several.code == 2
    assert "These are 2 requests of their own" in several.err
    assert "Propose these 2 requests (details, traffic)?" in several.err
    assert [each["state"] for each in made.json["items"]] == ["CHANGE_REQUEST_STATE_APPLIED"] * 2
    assert expctl("-o", "json", "experiment", "show", "checkout").json["traffic"]["share"] == 0.5
    again = expctl("experiment", "propose", "-f", file)
    assert (again.code, "there is nothing to propose" in again.err) == (0, True)


def test_propose_when_running_then_waits_for_approval_and_ends_with_0(expctl: Expctl, tmp_path: Path) -> None:
    expctl("experiment", "create", "-f", written(tmp_path, CHECKOUT + "traffic: {share: 0.1}\n"))
    start(expctl)
    file = written(tmp_path, CHECKOUT + "traffic: {share: 0.9}\n")

    dry = expctl("experiment", "propose", "-f", file, "--dry-run")
    proposed = expctl("-o", "json", "experiment", "propose", "-f", file, "-m", "More")

    assert dry.code == 0
    assert "@@ traffic.share @@" in dry.out
    assert "Approvals needed: " in dry.out
    assert proposed.code == 0
    assert [each["state"] for each in proposed.json["items"]] == ["CHANGE_REQUEST_STATE_PENDING"]


def test_propose_when_words_are_applied_at_once_then_what_waits_still_fits(expctl: Expctl, tmp_path: Path) -> None:
    expctl("experiment", "create", "-f", written(tmp_path, CHECKOUT + "traffic: {share: 0.1}\n"))
    start(expctl)
    file = written(tmp_path, CHECKOUT + "traffic: {share: 0.2}\ndescription: Other words.\n")

    dry = expctl("experiment", "propose", "-f", file, "--dry-run")
    words, traffic = expctl("-o", "json", "experiment", "propose", "-f", file, "--yes").json["items"]
    approved = expctl("-o", "json", "review", "approve", traffic["change_request_id"], "--apply", "--yes", who="rob")

    assert dry.out.startswith("dry run: nothing was stored\n")
    assert "review edit ID --rebase" in dry.err
    assert words["state"] == "CHANGE_REQUEST_STATE_APPLIED"
    assert traffic["state"] == "CHANGE_REQUEST_STATE_PENDING"
    assert (approved.code, approved.json["state"]) == (0, "CHANGE_REQUEST_STATE_APPLIED")


def test_propose_when_dry_then_machines_get_requests_rules_and_findings(expctl: Expctl, tmp_path: Path) -> None:
    expctl("experiment", "create", "-f", written(tmp_path))
    file = written(tmp_path, CHECKOUT + "traffic: {share: 0.5}\nplan: {days: 3, units: 10}\n")

    found = expctl("-o", "json", "experiment", "propose", "-f", file, "--dry-run").json

    assert [change["change_request"]["diff"][0]["path"] for change in found["changes"]] == ["traffic.share"]
    assert found["changes"][0]["policy"]["results"]
    assert not found["design"]["recommendable"]
    assert {finding["severity"] for finding in found["design"]["findings"]} >= {"ERROR"}
    assert expctl("-o", "json", "review", "list").json == {"items": []}


def test_propose_when_a_kind_is_chosen_then_only_that(expctl: Expctl, tmp_path: Path) -> None:
    expctl("experiment", "create", "-f", written(tmp_path))
    file = written(tmp_path, CHECKOUT + "traffic: {share: 0.5}\ndescription: x\n")

    made = expctl("-o", "json", "experiment", "propose", "-f", file, "--kind", "details")
    missing = expctl("experiment", "propose", "-f", file, "--kind", "arms")

    assert [list(each["change"]) for each in made.json["items"]] == [["edit_details"]]
    assert missing.code == 2
    assert "arms does not differ" in missing.err


def test_propose_when_the_file_s_etag_is_old_then_5(expctl: Expctl, tmp_path: Path) -> None:
    expctl("experiment", "create", "-f", written(tmp_path))
    shown = expctl("-o", "yaml", "experiment", "show", "checkout").out
    old = written(tmp_path, shown.replace("display_name: checkout", "display_name: Mine"), "old.yaml")
    expctl("experiment", "propose", "-f", written(tmp_path, CHECKOUT + "description: x\n"))

    ended = expctl("-o", "json", "experiment", "propose", "-f", old, "--yes")

    assert ended.code == 5
    assert '"reason": "ETAG_MISMATCH"' in ended.err


def test_pause_when_running_then_at_once(expctl: Expctl, tmp_path: Path) -> None:
    expctl("experiment", "create", "-f", written(tmp_path))
    start(expctl)

    assert "is applied" in expctl("experiment", "pause", "checkout", "-m", "Orders fail").out
    assert expctl("experiment", "resume", "checkout").code == 6


def test_stop_when_an_arm_is_shipped_then_asks_for_the_name(expctl: Expctl, tmp_path: Path) -> None:
    expctl("experiment", "create", "-f", written(tmp_path))
    start(expctl)

    unnamed = expctl("experiment", "stop", "checkout", "--ship", "green")
    dry = expctl("experiment", "stop", "checkout", "--ship", "green", "--dry-run")
    named = expctl("experiment", "stop", "checkout", "--ship", "green", "--confirm", "checkout")
    control = expctl("experiment", "stop", "checkout")

    assert (unnamed.code, dry.code, named.code, control.code) == (2, 0, 6, 0)
    assert "--confirm: is needed" in unnamed.err
    assert "is applied" in control.out


def test_revisions_when_changed_then_newest_first(expctl: Expctl, tmp_path: Path) -> None:
    expctl("experiment", "create", "-f", written(tmp_path))
    start(expctl)

    found = expctl("-o", "jsonl", "experiment", "revisions", "checkout").out.splitlines()

    assert len(found) == 2
    assert '"revision": "2"' in found[0]
    assert expctl("experiment", "revisions", "checkout").out.splitlines()[1].split()[:2] == ["2", "running"]
    assert expctl("experiment", "revisions", "none").code == 3


@pytest.mark.parametrize("label", ["x", "=y"])
def test_list_when_a_label_is_wrong_then_2(expctl: Expctl, label: str) -> None:
    assert expctl("experiment", "list", "--label", label).code == 2
