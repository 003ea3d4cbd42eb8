"""The commands on analyses, against a real AI service without a key."""

from pathlib import Path

from tests.admin.commands.ai.files import AGGREGATES, analysed, written
from tests.admin.conftest import Expctl


def test_run_when_a_file_has_the_data_then_says_what_to_do_and_why(expctl: Expctl, tmp_path: Path) -> None:
    ended = expctl("analysis", "run", "first", "-f", written(tmp_path, AGGREGATES))

    words = " ".join(ended.out.split())
    assert ended.code == 0
    assert ended.out.startswith("first: analysis 1, as of ")
    assert "Data of 20,000 units: sums that were supplied with the request" in words
    assert "Why:" in words
    assert "short increased signup by 25.0 %" in words
    assert words.count("short increased signup by 25.0 %") == 1
    assert "signup primary short 0.125 0.1 +25.0%" in words
    assert "(analyze experiment) succeeded" in ended.err
    assert "analysis evidence analysis_" in ended.err


def test_run_when_for_machines_then_numbers_that_can_be_counted_again(expctl: Expctl, tmp_path: Path) -> None:
    found = analysed(expctl, tmp_path, "machines")

    (comparison,) = found["comparisons"]
    assert (comparison["arm_mean"], comparison["control_mean"]) == (0.125, 0.1)
    assert round(comparison["answer"]["relative_lift"]["estimate"], 9) == 0.25
    assert found["data_source"] == "DATA_SOURCE_AGGREGATES"
    assert found["provenance"]["fallback_reason"] == "FALLBACK_REASON_NO_KEY"


def test_run_when_not_waited_for_then_the_job(expctl: Expctl, tmp_path: Path) -> None:
    file = written(tmp_path, AGGREGATES)

    job = expctl("-o", "json", "analysis", "run", "unwaited", "-f", file, "--no-wait").json
    waited = expctl("-o", "json", "job", "wait", job["job_id"]).json

    assert (job["kind"], job["experiment_id"]) == ("JOB_KIND_ANALYZE_EXPERIMENT", "unwaited")
    assert expctl("-o", "json", "analysis", "show", waited["analysis_id"]).json["job_id"] == job["job_id"]


def test_run_when_the_file_is_wrong_then_2_and_names_the_lines(expctl: Expctl, tmp_path: Path) -> None:
    unknown = written(tmp_path, AGGREGATES.replace("unit_count", "units", 1), "unknown.yaml")
    refused = written(tmp_path, AGGREGATES.replace("value_sum: 1250", "value_sum: 12500"), "refused.yaml")
    alone = written(tmp_path, AGGREGATES.replace("relative_mde: 0.2", "relative_mde: 20"), "alone.yaml")

    assert f"{unknown}:7: aggregates.arms[0].units: there is no such field" in expctl(
        "analysis", "run", "form", "-f", unknown
    ).err.replace("\n", " ")
    ended = expctl("analysis", "run", "form", "-f", refused)
    assert (ended.code, ended.out) == (2, "")
    assert f"{refused}:11: aggregates.arms[1].sums[0].value_sum: 12500 of 10000" in ended.err
    assert f"{alone}:12: plan.relative_mde: must be" in expctl("analysis", "run", "form", "-f", alone).err


def test_run_when_the_id_is_bad_then_the_file_is_not_blamed(expctl: Expctl, tmp_path: Path) -> None:
    file = written(tmp_path, AGGREGATES)

    ended = expctl("analysis", "run", "BAD_id", "-f", file)

    assert (ended.code, ended.out) == (2, "")
    assert "experiment_id: " in ended.err
    assert file.name not in ended.err


def test_run_when_there_is_no_such_experiment_then_3(expctl: Expctl) -> None:
    ended = expctl("-o", "json", "analysis", "run", "nowhere")

    assert (ended.code, ended.out) == (3, "")
    assert '"reason": "EXPERIMENT_NOT_FOUND"' in ended.err


def test_run_when_the_job_fails_then_1_and_its_message(expctl: Expctl, tmp_path: Path) -> None:
    draft = "experiment_id: draft\narms: [{arm_id: a, control: true}, {arm_id: b}]\n"
    draft += "metrics: [{metric_id: signup, kind: proportion, role: primary}]\n"
    assert expctl("experiment", "create", "-f", written(tmp_path, draft)).code == 0

    ended = expctl("analysis", "run", "draft")
    failed = expctl("-o", "json", "analysis", "run", "draft")

    assert (ended.code, ended.out) == (1, "")
    assert "failed: experiment 'draft' has not been started" in ended.err
    assert (failed.code, '"reason": "INVALID_STATE"' in failed.err) == (1, True)


def test_run_when_it_may_propose_then_only_of_an_experiment_that_is_here(expctl: Expctl, tmp_path: Path) -> None:
    file = written(tmp_path, AGGREGATES)

    asked = expctl("-o", "json", "analysis", "run", "elsewhere", "-f", file, "--propose")

    assert (asked.code, '"reason": "EXPERIMENT_NOT_FOUND"' in asked.err) == (3, True)
    assert expctl("analysis", "run", "elsewhere", "-f", file).code == 0


def test_run_when_it_proposes_then_names_the_change_request(expctl: Expctl, tmp_path: Path) -> None:
    running = "experiment_id: running\narms: [{arm_id: control, control: true}, {arm_id: short}]\n"
    running += "metrics: [{metric_id: signup, kind: proportion, role: primary}]\n"
    assert expctl("experiment", "create", "-f", written(tmp_path, running)).code == 0
    request = expctl("-o", "json", "experiment", "start", "running").json["change_request_id"]
    assert expctl("review", "approve", request, "--apply", "--yes", who="rob").code == 0
    file = written(tmp_path, AGGREGATES.replace("aggregates:", "aggregates:\n  started_at: 2026-01-01T00:00:00Z"))

    asked = expctl("analysis", "run", "running", "-f", file, "--propose")

    assert "SHIP SHORT" in asked.out
    (opened,) = expctl("-o", "json", "review", "list", "--experiment", "running", "--state", "pending").json["items"]
    assert f"Change request: {opened['change_request_id']}" in asked.out
    assert f"Change request {opened['change_request_id']} asks for what it decides." in asked.err


def test_list_when_the_latest_alone_are_wanted_then_one_of_each_experiment(expctl: Expctl, tmp_path: Path) -> None:
    first, second = analysed(expctl, tmp_path, "listed"), analysed(expctl, tmp_path, "listed")

    def listed(*options: object) -> list[str]:
        items = expctl("-o", "json", "analysis", "list", "--experiment", "listed", *options).json["items"]
        return [each["analysis_id"] for each in items]

    assert listed() == [second["analysis_id"], first["analysis_id"]]
    assert listed("--latest") == [second["analysis_id"]]
    assert "listed, no. 2, of 20,000 units" in expctl("analysis", "list", "--experiment", "listed").out
    assert "There are no analyses yet." in expctl("analysis", "list", "--experiment", "nowhere").out


def test_show_when_asked_then_the_same(expctl: Expctl, tmp_path: Path) -> None:
    made = analysed(expctl, tmp_path)

    assert expctl("-o", "json", "analysis", "show", made["analysis_id"], who="vic").json == made
    assert "Why:" in expctl("analysis", "show", made["analysis_id"]).out


def test_evidence_when_asked_then_each_sentence_with_its_facts(expctl: Expctl, tmp_path: Path) -> None:
    made = analysed(expctl, tmp_path)

    shown = expctl("analysis", "evidence", made["analysis_id"])
    pack = expctl("-o", "json", "analysis", "evidence", made["analysis_id"]).json

    assert shown.code == 0
    assert "(relative lift size)" in " ".join(shown.out.split())
    assert "12.5 %" in shown.out
    assert pack["sha256"] == made["provenance"]["evidence_sha256"]
    known = {each["evidence_id"] for each in pack["facts"]}
    assert {name for each in made["statements"] for name in each["evidence_ids"]} <= known


def test_sent_when_there_is_no_key_then_nothing_was(expctl: Expctl, tmp_path: Path) -> None:
    made = analysed(expctl, tmp_path)

    assert expctl("analysis", "sent", made["analysis_id"]).out.strip() == "Nothing was sent to anybody."
    assert expctl("-o", "json", "analysis", "sent", made["analysis_id"]).json == {"items": []}


def test_commands_when_there_is_no_such_analysis_then_3(expctl: Expctl) -> None:
    for command in ("show", "evidence", "sent"):
        ended = expctl("-o", "json", "analysis", command, "analysis_none")

        assert (ended.code, ended.out) == (3, "")
        assert '"reason": "ANALYSIS_NOT_FOUND"' in ended.err
