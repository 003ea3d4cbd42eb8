"""The commands on change requests, against a real review server."""

from pathlib import Path

import pytest

from tests.admin.commands.experiment_files import CHECKOUT, written
from tests.admin.conftest import Expctl

SAMPLE = Path(__file__).resolve().parents[3] / "docs" / "examples" / "experiment.yaml"


def pending(expctl: Expctl, tmp_path: Path) -> str:
    """Returns the id of a request to start an experiment, which waits for approval."""
    assert expctl("experiment", "create", "-f", written(tmp_path)).code == 0
    started = expctl("-o", "json", "experiment", "start", "checkout", "-m", "Ready")
    assert started.code == 6
    assert started.json["state"] == "CHANGE_REQUEST_STATE_PENDING"
    return str(started.json["change_request_id"])


def test_start_when_it_needs_an_approval_then_6_and_says_what_to_type(expctl: Expctl, tmp_path: Path) -> None:
    expctl("experiment", "create", "-f", written(tmp_path))

    ended = expctl("experiment", "start", "checkout", "-m", "Ready")

    assert ended.code == 6
    assert "(start of checkout) is pending" in ended.out
    request = ended.out.split()[0]
    assert f"--as rob review approve {request}" in ended.err
    assert f"review wait {request}" in ended.err


def test_show_when_it_starts_something_then_what_begins_to_serve(expctl: Expctl, tmp_path: Path) -> None:
    content = CHECKOUT + "allocation_policy: {beta_thompson: {prior_alpha: 7}, controls: {exploration_floor: 0.05}}\n"
    expctl("experiment", "create", "-f", written(tmp_path, content))
    request = expctl("-o", "json", "experiment", "start", "checkout").json["change_request_id"]

    shown = expctl("review", "show", request)
    approved = expctl("review", "approve", request, "--yes", who="rob")

    for ended in (shown, approved):
        assert "What begins to serve:" in ended.out
        assert "grey (control)" in ended.out
        assert "prior_alpha 7" in ended.out
        assert "exploration_floor" in ended.out


def test_approve_and_apply_when_somebody_else_looks_then_it_is_made(expctl: Expctl, tmp_path: Path) -> None:
    request = pending(expctl, tmp_path)

    approved = expctl("review", "approve", request, "--yes", "-m", "Looks right", who="rob")
    applied = expctl("review", "apply", request)

    assert (approved.code, applied.code) == (0, 0)
    assert "@@ state @@" in approved.out
    assert "is approved" in approved.out
    assert f"review apply {request}" in approved.err
    assert "is applied, as revision 2" in applied.out
    shown = expctl("-o", "json", "experiment", "show", "checkout").json
    assert shown["state"] == "EXPERIMENT_STATE_RUNNING"


def test_approve_when_it_is_to_be_applied_too_then_it_is(expctl: Expctl, tmp_path: Path) -> None:
    request = pending(expctl, tmp_path)

    ended = expctl("-o", "json", "review", "approve", request, "--apply", "--yes", who="rob")

    assert ended.code == 0
    assert ended.json["state"] == "CHANGE_REQUEST_STATE_APPLIED"
    assert ended.err == ""


def test_approve_when_the_change_no_longer_fits_then_1_and_says_why_and_what_next(
    expctl: Expctl, tmp_path: Path
) -> None:
    request = pending(expctl, tmp_path)
    more = written(tmp_path, CHECKOUT + "description: Other words.\n", "more.yaml")
    assert expctl("experiment", "propose", "-f", more).code == 0

    ended = expctl("review", "approve", request, "--apply", "--yes", who="rob")

    assert ended.code == 1
    assert f"{request} (start of checkout) is failed" in ended.out
    assert f"{request} is not applied: " in ended.err
    assert f"review edit {request} --rebase" in ended.err


def test_approve_when_nobody_can_be_asked_then_needs_yes_and_sends_nothing(expctl: Expctl, tmp_path: Path) -> None:
    request = pending(expctl, tmp_path)

    ended = expctl("review", "approve", request, who="rob")

    assert ended.code == 2
    assert "--yes: is needed where nobody can be asked" in ended.err
    assert expctl("-o", "json", "review", "show", request).json["verdicts"] == []


def test_approve_when_one_asked_for_it_oneself_then_4(expctl: Expctl, tmp_path: Path) -> None:
    request = pending(expctl, tmp_path)

    # Experimenters may not review at all; an admin may, but not what they asked for.
    refused = expctl("-o", "json", "review", "approve", request, "--yes")
    assert refused.code == 4
    assert '"reason": "PERMISSION_DENIED"' in refused.err


def test_approve_when_the_request_was_edited_then_5(expctl: Expctl, tmp_path: Path) -> None:
    request = pending(expctl, tmp_path)
    assert expctl("review", "edit", request, "--reason", "Better").code == 0

    stale = expctl("-o", "json", "review", "approve", request, "--yes", "--edit", 1, who="rob")

    assert stale.code == 5
    assert '"reason": "STALE_REVISION"' in stale.err


def test_reject_when_there_is_no_comment_then_needs_one(expctl: Expctl, tmp_path: Path) -> None:
    request = pending(expctl, tmp_path)

    assert "--comment: is needed" in expctl("review", "reject", request, "--yes", who="rob").err
    ended = expctl("review", "reject", request, "--yes", "-m", "Not now", who="rob")

    assert ended.code == 0
    assert "is rejected" in ended.out
    assert "rob rejected: Not now" in expctl("review", "show", request).out.replace("  ", " ")


def test_request_changes_when_sent_then_the_requester_sees_them(expctl: Expctl, tmp_path: Path) -> None:
    request = pending(expctl, tmp_path)

    assert expctl("review", "request-changes", request, "--yes", "-m", "Less traffic", who="rob").code == 0

    shown = expctl("review", "show", request)
    assert "changes requested" in shown.out
    assert "asked for changes: Less traffic" in shown.out


def test_comment_when_added_then_it_is_shown(expctl: Expctl, tmp_path: Path) -> None:
    request = pending(expctl, tmp_path)

    assert expctl("review", "comment", request, "-m", "Who looks after it?\x1b[31m", who="agent").code == 0

    assert "Who looks after it?\ufffd[31m" in expctl("review", "show", request).out


def test_cancel_when_withdrawn_then_it_is(expctl: Expctl, tmp_path: Path) -> None:
    request = pending(expctl, tmp_path)

    assert "is cancelled" in expctl("review", "cancel", request, "-m", "Not needed").out
    again = expctl("review", "cancel", request)
    assert (again.code, "INVALID_STATE" in again.err) == (1, False)


def test_apply_when_approvals_are_missing_then_6(expctl: Expctl, tmp_path: Path) -> None:
    request = pending(expctl, tmp_path)

    ended = expctl("-o", "json", "review", "apply", request)

    assert ended.code == 6
    assert '"reason": "APPROVAL_REQUIRED"' in ended.err


def test_emergency_apply_when_the_name_is_given_then_applies_and_asks_for_a_signature(
    expctl: Expctl, tmp_path: Path
) -> None:
    request = pending(expctl, tmp_path)
    line = ("review", "emergency-apply", request, "-m", "Checkout fails for all")

    unnamed = expctl(*line, who="rob")
    misnamed = expctl(*line, "--confirm", "other", who="rob")
    applied = expctl(*line, "--confirm", "checkout", who="rob")

    assert (unnamed.code, misnamed.code, applied.code) == (2, 2, 0)
    assert "--confirm: is needed" in unnamed.err
    assert "--confirm: must be checkout; nothing was done" in misnamed.err
    assert "in an emergency, unsigned" in applied.out
    assert f"review sign {request}" in applied.err
    assert expctl("review", "sign", request, "--yes", "-m", "Right", who="rob").code == 4
    assert expctl("review", "sign", request, "--yes", "-m", "Right", who="rae").code == 0
    assert "by rae" in expctl("review", "show", request).out


def test_list_when_filtered_then_only_those(expctl: Expctl, tmp_path: Path) -> None:
    request = pending(expctl, tmp_path)

    assert request in expctl("review", "list", "--state", "pending", "--experiment", "checkout").out
    assert request in expctl("review", "list", "--awaiting-me", who="rob").out
    assert "There are no such change requests." in expctl("review", "list", "--awaiting-me").out
    assert expctl("-o", "json", "review", "list", "--state", "applied").json == {"items": []}
    assert [each["change_request_id"] for each in expctl("-o", "json", "review", "list").json["items"]] == [request]


def test_show_when_a_request_is_unknown_then_3(expctl: Expctl) -> None:
    ended = expctl("-o", "json", "review", "show", "cr_none")

    assert ended.code == 3
    assert '"reason": "CHANGE_REQUEST_NOT_FOUND"' in ended.err


def test_wait_when_it_stays_pending_then_6(expctl: Expctl, tmp_path: Path) -> None:
    request = pending(expctl, tmp_path)

    ended = expctl("review", "wait", request, "--timeout", "0.2s")

    assert ended.code == 6
    assert "is pending" in ended.out


def test_wait_when_approved_then_0(expctl: Expctl, tmp_path: Path) -> None:
    request = pending(expctl, tmp_path)
    expctl("review", "approve", request, "--yes", who="rob")

    assert expctl("review", "wait", request).code == 0
    assert expctl("review", "wait", request, "--for", "applied", "--timeout", "0.2s").code == 6


def test_wait_when_rejected_then_1_and_says_so(expctl: Expctl, tmp_path: Path) -> None:
    request = pending(expctl, tmp_path)
    expctl("review", "reject", request, "--yes", "-m", "No", who="rob")

    ended = expctl("review", "wait", request)

    assert ended.code == 1
    assert f"{request} is rejected: it will not be approved" in ended.err


def test_watch_when_a_request_is_closed_then_ends(expctl: Expctl, tmp_path: Path) -> None:
    request = pending(expctl, tmp_path)
    expctl("review", "cancel", request)

    ended = expctl("-o", "jsonl", "review", "watch", request)

    assert ended.code == 0
    assert ended.json["state"] == "CHANGE_REQUEST_STATE_CANCELLED"


@pytest.mark.parametrize(
    "line", [("edit", "cr_1"), ("wait", "cr_1", "--timeout", "soon"), ("edit", "cr_1", "--at", "x")]
)
def test_line_when_it_is_wrong_then_2(expctl: Expctl, line: tuple[str, ...]) -> None:
    assert expctl("review", *line).code in {2, 3}


def test_submit_when_a_draft_then_it_waits_for_approval(expctl: Expctl, tmp_path: Path) -> None:
    expctl("experiment", "create", "-f", written(tmp_path))
    drafted = expctl("-o", "json", "experiment", "start", "checkout", "--draft")
    request = drafted.json["change_request_id"]

    submitted = expctl("-o", "json", "review", "submit", request)

    assert (drafted.code, submitted.code) == (0, 0)
    assert drafted.json["state"] == "CHANGE_REQUEST_STATE_DRAFT"
    assert submitted.json["state"] == "CHANGE_REQUEST_STATE_PENDING"


def test_edit_when_a_file_asks_for_less_then_the_change_is_another_and_verdicts_are_stale(
    expctl: Expctl, tmp_path: Path
) -> None:
    start = pending(expctl, tmp_path)
    expctl("review", "approve", start, "--apply", "--yes", who="rob")
    more = written(tmp_path, CHECKOUT + "traffic: {share: 0.1}\n", "more.yaml")
    (made,) = expctl("-o", "json", "experiment", "propose", "-f", more).json["items"]
    expctl("review", "request-changes", made["change_request_id"], "--yes", "-m", "Less", who="rob")

    less = written(tmp_path, CHECKOUT + "traffic: {share: 0.5}\n", "less.yaml")
    edited = expctl("-o", "json", "review", "edit", made["change_request_id"], "-f", less)

    assert edited.code == 0
    assert edited.json["change"]["edit_traffic"]["traffic"]["share"] == 0.5
    assert edited.json["state"] == "CHANGE_REQUEST_STATE_PENDING"
    assert [verdict["stale"] for verdict in edited.json["verdicts"]] == [True]


def test_edit_when_the_file_asks_for_nothing_of_the_kind_then_2(expctl: Expctl, tmp_path: Path) -> None:
    request = pending(expctl, tmp_path)

    other = expctl("review", "edit", request, "-f", written(tmp_path, CHECKOUT.replace("checkout", "other"), "o.yaml"))
    same = expctl("review", "edit", request, "-f", written(tmp_path))

    assert (other.code, same.code) == (2, 2)
    assert "is of other, the request of checkout" in other.err
    assert "asks for no start" in same.err


def test_edit_when_rules_are_edited_then_by_their_file(expctl: Expctl, tmp_path: Path) -> None:
    rules = "rules: [{rule_id: all, approval_count: 1}]\n"
    first = written(tmp_path, rules, "policy.yaml")
    request = expctl("-o", "json", "policy", "propose", "-f", first, "-m", "x", who="ada").json["change_request_id"]

    second = written(tmp_path, rules.replace("1}", "2}"), "policy.yaml")
    edited = expctl("-o", "json", "review", "edit", request, "-f", second, who="ada")

    assert edited.json["change"]["edit_policy_rules"]["rules"][0]["approval_count"] == 2


def test_approve_when_done_twice_then_says_so_and_sends_nothing(expctl: Expctl, tmp_path: Path) -> None:
    request = pending(expctl, tmp_path)
    expctl("review", "approve", request, "--yes", who="rob")

    again = expctl("review", "approve", request, who="rob")

    assert again.code == 0
    assert "You have approved this already" in again.err
    assert len(expctl("-o", "json", "review", "show", request).json["verdicts"]) == 1


@pytest.mark.parametrize("verb", ["approve", "reject", "request-changes", "sign", "emergency-apply"])
def test_verdict_when_one_may_not_then_4_before_anything_is_shown_or_asked(
    expctl: Expctl, tmp_path: Path, verb: str
) -> None:
    request = pending(expctl, tmp_path)

    ended = expctl("review", verb, request)

    assert (ended.code, ended.out) == (4, "")
    assert "is needed, which these credentials of 'ann' do not have" in " ".join(ended.err.split())


def test_approve_when_it_does_not_suffice_then_says_whose_is_missing(expctl: Expctl) -> None:
    expctl("experiment", "create", "-f", SAMPLE)
    request = expctl("-o", "json", "experiment", "start", "checkout-button").json["change_request_id"]

    first = expctl("review", "approve", request, "--apply", "--yes", who="rob")
    second = expctl("review", "approve", request, "--apply", "--yes", who="ada")

    assert (first.code, second.code) == (6, 0)
    assert "It needs 1 more: " in first.err
    assert "needs" not in second.err
