"""The examples run against a local stack, and the guide shows them as they are."""

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from services.admin.stack import LocalStack
from services.admin.stack_defaults import Ports

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ["in_process.py", "in_process_async.py"]


@pytest.fixture(scope="module")
def addresses(open_directory: Path) -> Iterator[Mapping[str, str]]:
    """Where the parts of a running stack are."""
    with LocalStack(open_directory / "client-examples", ports=Ports.free()) as stack:
        yield stack.addresses


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_when_run_against_the_local_stack_then_every_exposure_is_delivered(
    name: str, addresses: Mapping[str, str], open_directory: Path
) -> None:
    where = [addresses["bandit"], addresses["review"], str(open_directory / "client-examples")]
    command = [sys.executable, f"docs/examples/{name}", *where]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)

    assert run.returncode == 0, run.stderr
    grey, green, exposures, outcomes, lost = map(int, re.findall(r"\d+", run.stdout))
    assert (grey + green, exposures, lost) == (2000, 2000, 0)
    assert outcomes > 0


@pytest.mark.parametrize("name", EXAMPLES)
def test_guide_when_it_shows_an_example_then_shows_the_file(name: str) -> None:
    guide = (ROOT / "proto" / "client" / "README.md").read_text(encoding="utf-8")

    assert (ROOT / "docs" / "examples" / name).read_text(encoding="utf-8") in guide


def test_guide_when_it_links_to_files_then_those_exist() -> None:
    page = ROOT / "proto" / "client" / "README.md"
    for link in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        assert link.startswith("http") or (page.parent / link).exists(), link
