"""docs/api.md says what the gateway does."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from services.admin.stack import LocalStack
from services.admin.stack_defaults import Ports
from services.gateway.door.refusals import Reason
from shared.rpc.status import HTTP_STATUSES
from tests.docs.write_api import TARGET, document


@pytest.fixture(scope="module")
def page() -> str:
    return TARGET.read_text(encoding="utf-8")


def test_api_page_when_compared_with_the_routes_then_lists_them_all(page: str) -> None:
    assert page == document(page)


def test_api_page_when_it_lists_statuses_then_they_are_those_of_the_kinds(page: str) -> None:
    rows = re.findall(r"^\| (\d{3}) \| ([A-Z_, ]+) \|$", page, re.MULTILINE)

    listed = {kind: int(status) for status, kinds in rows for kind in kinds.split(", ")}
    assert listed == {kind.value: status for kind, status in HTTP_STATUSES.items()}
    assert {reason for reason in Reason if f"`{reason}`" not in page} == set()


@pytest.mark.slow  # it starts a local stack, and waits for the bandit
@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")
def test_api_page_when_its_commands_are_run_then_all_of_them_work(
    page: str, open_directory: Path, tmp_path: Path
) -> None:
    (script,) = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    with LocalStack(open_directory / "api", ports=Ports.free()) as stack:
        tokens = {name.upper(): stack.token(name).value for name in ("ann", "rob", "service")}
        run = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=tmp_path,
            env={**os.environ, **tokens, "API": f"http://{stack.addresses['gateway']}", "no_proxy": "*"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    assert run.returncode == 0, run.stdout + run.stderr
    assert "event: end" in run.stdout
