"""The commands on jobs: those that are done, and those that wait."""

import json
from typing import Any

import pytest

from tests.admin.commands.ai.files import METRICS
from tests.admin.conftest import Expctl


def queued(waiting: Expctl) -> Any:
    return waiting("-o", "json", "hypothesis", "suggest", "-f", METRICS, "--no-wait").json


def test_list_when_filtered_then_those_alone(waiting: Expctl) -> None:
    first, second = queued(waiting), queued(waiting)
    waiting("job", "cancel", first["job_id"])

    def listed(*options: str) -> list[str]:
        items = waiting("-o", "json", "job", "list", *options, who="vic").json["items"]
        return [each["job_id"] for each in items]

    assert listed()[:2] == [second["job_id"], first["job_id"]]
    assert listed("--state", "cancelled", "--limit", "1") == [first["job_id"]]
    assert first["job_id"] not in listed("--state", "queued")
    assert listed("--state", "queued", "--limit", "1") == [second["job_id"]]
    assert listed("--experiment", "nowhere") == []
    table = " ".join(waiting("job", "list").out.split())
    assert f"{second['job_id']} queued - " in table
    assert "There are no jobs." in waiting("job", "list", "--state", "failed").out


def test_show_when_it_waits_then_where_it_stands(waiting: Expctl) -> None:
    job = queued(waiting)

    shown = waiting("job", "show", job["job_id"])

    assert shown.code == 0
    assert "suggest hypotheses" in shown.out
    assert "queued" in shown.out
    assert waiting("-o", "json", "job", "show", job["job_id"]).json == job


def test_cancel_when_it_waits_then_it_ends_and_who_waits_for_it_gets_1(waiting: Expctl) -> None:
    job = queued(waiting)["job_id"]

    cancelled = waiting("-o", "json", "job", "cancel", job)
    waited = waiting("job", "wait", job)

    assert (cancelled.code, cancelled.json["state"]) == (0, "JOB_STATE_CANCELLED")
    assert (waited.code, waited.out) == (1, "")
    assert f"{job} was cancelled" in waited.err
    assert waiting("-o", "json", "job", "cancel", job).json == cancelled.json


def test_wait_when_it_is_not_in_time_then_7_and_it_goes_on(waiting: Expctl) -> None:
    job = queued(waiting)["job_id"]

    ended = waiting("-o", "json", "job", "wait", job, "--timeout", "0s")

    assert (ended.code, ended.out) == (7, "")
    failure = json.loads(ended.err)["error"]
    assert failure["reason"] == "DEADLINE_EXCEEDED"
    assert f"expctl job show {job}" in failure["message"]
    assert waiting("-o", "json", "job", "show", job).json["state"] == "JOB_STATE_QUEUED"


def test_wait_when_it_is_done_then_0_with_its_answer(expctl: Expctl) -> None:
    job = queued(expctl)["job_id"]

    waited = expctl("-o", "json", "job", "wait", job)
    shown = expctl("job", "show", job)

    assert (waited.code, waited.err) == (0, "")
    assert waited.json["state"] == "JOB_STATE_SUCCEEDED"
    assert waited.json["hypothesis_ids"]
    assert "taken up 1 time" in shown.out
    assert "heuristic (no key)" in shown.out


def test_wait_when_the_timeout_is_no_length_then_2(waiting: Expctl) -> None:
    ended = waiting("job", "wait", "job_1", "--timeout", "soon")

    assert ended.code == 2
    assert "--timeout: 'soon' is not like 90s" in ended.err


@pytest.mark.parametrize("command", ["show", "wait", "cancel"])
def test_commands_when_there_is_no_such_job_then_3(expctl: Expctl, command: str) -> None:
    ended = expctl("-o", "json", "job", command, "job_none")

    assert (ended.code, ended.out) == (3, "")
    assert '"reason": "JOB_NOT_FOUND"' in ended.err


def test_commands_when_nobody_answers_then_7(expctl: Expctl) -> None:
    ended = expctl("job", "list", "--ai-address", "127.0.0.1:1")

    assert ended.code == 7
    assert "no ai service answers at 127.0.0.1:1" in ended.err
