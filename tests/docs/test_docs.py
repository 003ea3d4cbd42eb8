"""The documents say what the code does."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from experimentation.v1 import (
    audit_service_pb2,
    bandit_service_pb2,
    common_pb2,
    experiment_service_pb2,
    identity_service_pb2,
    review_service_pb2,
)
from services.admin.access import Server
from services.admin.clients import experiments_at
from services.admin.stack import LocalStack
from services.admin.stack_defaults import Ports
from shared.statistics.design.validate import RULES
from tests.docs.write_configuration import TARGET, document

ROOT = Path(__file__).resolve().parents[2]


def test_configuration_page_when_compared_with_the_code_then_is_current() -> None:
    assert TARGET.read_text(encoding="utf-8") == document()


def test_readme_when_it_lists_rpcs_then_lists_those_of_the_contracts() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for service, file in (
        ("BanditService", bandit_service_pb2),
        ("ExperimentService", experiment_service_pb2),
        ("ReviewService", review_service_pb2),
        ("AuditService", audit_service_pb2),
        ("IdentityService", identity_service_pb2),
    ):
        row = next(line for line in readme.splitlines() if line.startswith(f"| `{service}`"))
        assert re.findall(r"`(\w+)`", row)[1:] == list(file.DESCRIPTOR.services_by_name[service].methods_by_name)


def test_readme_and_guides_when_they_link_to_files_then_those_exist() -> None:
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/**/*.md")]:
        for link in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            assert link.startswith("http") or (page.parent / link).exists(), f"{page.name} links to {link}"


def run_example(bandit: str, review: str, directory: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "docs/examples/checkout.py", bandit, review, str(directory)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def states(stack: LocalStack) -> list["common_pb2.ExperimentState.ValueType"]:
    with experiments_at(Server(stack.addresses["review"], stack.token("ann"))) as stub:
        found = stub.ListExperiments(experiment_service_pb2.ListExperimentsRequest(), timeout=60).experiments
    return [experiment.state for experiment in found]


def test_example_when_run_against_the_local_stack_then_finds_the_better_arm_and_what_it_suggests_works(
    open_directory: Path,
) -> None:
    with LocalStack(open_directory / "example", ports=Ports.free()) as stack:
        run = run_example(stack.addresses["bandit"], stack.addresses["review"], open_directory / "example")
        assert run.returncode == 0, run.stderr
        arms, suggestions = run.stdout.split("\n\n")
        assert [line.split()[0] for line in arms.splitlines()] == ["grey", "green"]
        commands = [line.split() for line in suggestions.splitlines()[1:]]
        assert [command[:3] for command in commands] == [
            [".venv/bin/expctl", "bandit", "status"],
            [".venv/bin/expctl", "bandit", "evaluate"],
        ]
        for command in commands:
            line = [sys.executable, "-m", "services.admin", *command[1:]]
            shown = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
            assert shown.returncode == 0, shown.stderr


def test_readme_when_it_evaluates_other_weights_then_as_the_example_suggests() -> None:
    example = (ROOT / "docs/examples/checkout.py").read_text(encoding="utf-8")
    (weights,) = re.findall(r"expctl bandit evaluate ID (--weights \S+)`", (ROOT / "README.md").read_text("utf-8"))

    assert f"expctl bandit evaluate {{experiment_id}} {weights}" in example


def test_example_when_the_bandit_does_not_answer_then_says_so_and_creates_nothing(open_directory: Path) -> None:
    with LocalStack(open_directory / "refused", ports=Ports.free()) as stack:
        review = stack.addresses["review"]
        # Nobody listens on port 1, and review is no bandit.
        for bandit in ("127.0.0.1:1", review):
            run = run_example(bandit, review, open_directory / "refused")
            assert (run.returncode, run.stdout) == (1, "")
            assert run.stderr.startswith(f"No bandit at {bandit} or no review at {review} (")
            assert run.stderr.endswith("is `make up` ready?\n")
        assert states(stack) == []


@pytest.mark.slow
def test_example_when_the_learner_hangs_then_leaves_no_experiment_running(open_directory: Path) -> None:
    with LocalStack(open_directory / "hanging", ports=Ports.free()) as stack:
        os.kill(stack.pids["learner"], signal.SIGSTOP)
        run = run_example(stack.addresses["bandit"], stack.addresses["review"], open_directory / "hanging")
        os.kill(stack.pids["learner"], signal.SIGCONT)
        assert (run.returncode, run.stdout) == (1, "")
        assert run.stderr.startswith("The bandit did not serve checkout-button-")
        assert states(stack) == [common_pb2.EXPERIMENT_STATE_STOPPED]


def test_statistics_example_when_run_then_goes_all_the_way() -> None:
    run = subprocess.run(
        [sys.executable, "docs/examples/plan_analyse_decide.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert run.returncode == 0, run.stderr
    assert "verdict: SHIP short_form" in run.stdout


def test_design_page_when_compared_with_the_rules_then_lists_them_all() -> None:
    page = (ROOT / "docs/statistics/design.md").read_text(encoding="utf-8")

    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in page.splitlines() if line.startswith("| D")]

    assert [(row[0], row[1], row[3]) for row in rows] == [(rule.rule_id, rule.title, rule.source) for rule in RULES]
