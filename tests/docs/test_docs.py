"""The documents say what the code does."""

import re
import subprocess
import sys
from pathlib import Path

from experimentation.v1 import bandit_service_pb2, experiment_service_pb2
from services.admin.stack import LocalStack
from shared.statistics.design.validate import RULES
from tests.docs.write_configuration import TARGET, document

ROOT = Path(__file__).resolve().parents[2]


def test_configuration_page_when_compared_with_the_code_then_is_current() -> None:
    assert TARGET.read_text(encoding="utf-8") == document()


def test_readme_when_it_lists_rpcs_then_lists_those_of_the_contracts() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for service, file in (("BanditService", bandit_service_pb2), ("ExperimentService", experiment_service_pb2)):
        row = next(line for line in readme.splitlines() if line.startswith(f"| `{service}`"))
        assert re.findall(r"`(\w+)`", row)[1:] == list(file.DESCRIPTOR.services_by_name[service].methods_by_name)


def test_readme_and_guides_when_they_link_to_files_then_those_exist() -> None:
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/**/*.md")]:
        for link in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            assert link.startswith("http") or (page.parent / link).exists(), f"{page.name} links to {link}"


def test_example_when_run_against_the_local_stack_then_finds_the_better_arm(open_directory: Path) -> None:
    with LocalStack(open_directory / "example", bandit_port=0, review_port=0) as stack:
        run = subprocess.run(
            [sys.executable, "docs/examples/checkout.py", stack.addresses["bandit"], stack.addresses["review"]],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert run.returncode == 0, run.stderr
    assert [line.split()[0] for line in run.stdout.splitlines()] == ["grey", "green"]


def test_contexts_example_when_run_against_the_local_stack_then_each_device_gets_its_page(open_directory: Path) -> None:
    with LocalStack(open_directory / "contexts", bandit_port=0, review_port=0) as stack:
        run = subprocess.run(
            [sys.executable, "docs/examples/contexts.py", stack.addresses["bandit"], stack.addresses["review"]],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert run.returncode == 0, run.stderr
    phone, desk = (int(line.split()[-3]) for line in run.stdout.splitlines())
    assert phone > 150
    assert desk < 50


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
