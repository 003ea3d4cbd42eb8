"""The client's own distribution installs and works with what it declares, and with nothing else of this repository."""

import importlib.metadata
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from experimentation_client.snapshot_file import SnapshotFile
from tests.client.examples import message
from tests.client.server import ScriptedBandit

ROOT = Path(__file__).resolve().parents[2]
PROJECT = ROOT / "proto" / "client"

ALLOCATE = """
import json, sys
from experimentation_client import AsyncClient, Client
with Client("unix:/nowhere", snapshot_file=sys.argv[1]) as client:
    assert client.wait_until_ready(20)
    allocation = client.allocate("checkout", "u", expose=False)
print(json.dumps({"arm": allocation.arm_id, "modules": sorted({name.partition(".")[0] for name in sys.modules})}))
"""

FORGET_TO_CLOSE = """
import sys
from experimentation_client import Client
client = Client(sys.argv[1])
assert client.wait_until_ready(20)
client.allocate("checkout", "u")
client.record_outcome("checkout", "u", "conversion", 1)
"""


def distributions(requirement: str) -> Iterator[importlib.metadata.Distribution]:
    """Yields a distribution with all that it needs; what is needed for an extra alone is left out."""
    name, _, condition = requirement.partition(";")
    if "extra" in condition:
        return
    found = importlib.metadata.distribution(re.split(r"[^\w.-]", name.strip())[0])
    yield found
    for needed in found.requires or ():
        yield from distributions(needed)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the repository without a network."""
    where = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(where)]
    subprocess.run(build, cwd=PROJECT, check=True, capture_output=True)
    (built,) = where.glob("experimentation_client-*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the wheel's content, as pip installs it, and with links to what it declares to need."""
    where = tmp_path_factory.mktemp("site")
    install = ["-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--disable-pip-version-check"]
    subprocess.run([sys.executable, *install, "--target", str(where / "own"), str(wheel)], check=True)
    (where / "needed").mkdir()
    for needed in importlib.metadata.Distribution.at(next((where / "own").glob("*.dist-info"))).requires or ():
        for distribution in distributions(needed):
            link(distribution, where / "needed")
    return where


def link(distribution: importlib.metadata.Distribution, where: Path) -> None:
    """Links the files of a distribution; directories are made, as several distributions share `google`."""
    for file in distribution.files or ():
        target = where / file
        if ".." not in file.parts and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(Path(str(file.locate())))


def run_alone(installed: Path, program: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Runs a program that can import what is installed there and the standard library."""
    environment = {**os.environ, "PYTHONPATH": f"{installed / 'own'}:{installed / 'needed'}"}
    return subprocess.run(
        [sys.executable, "-S", "-P", "-c", program, *arguments],
        cwd=installed,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_wheel_when_built_then_holds_the_client_the_contracts_and_the_licence(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()

    assert {name.partition("/")[0].partition("-")[0] for name in names} == {
        "experimentation_client",
        "experimentation",
        "buf",
    }
    assert "experimentation_client/py.typed" in names
    assert "experimentation/v1/bandit_service_pb2_grpc.py" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_metadata_when_read_then_names_four_requirements(installed: Path) -> None:
    (found,) = importlib.metadata.distributions(name="experimentation-client", path=[str(installed / "own")])

    names = {re.split(r"[^\w.-]", requirement)[0] for requirement in found.requires or ()}

    assert names == {"googleapis-common-protos", "grpcio", "protobuf", "xxhash"}


def test_client_when_installed_alone_then_allocates_and_imports_nothing_of_the_services(
    installed: Path, tmp_path: Path
) -> None:
    SnapshotFile(tmp_path / "policies").write([message()])

    run = run_alone(installed, ALLOCATE, str(tmp_path / "policies"))

    assert run.returncode == 0, run.stderr
    answer: Mapping[str, object] = json.loads(run.stdout)
    assert answer["arm"] in {"arm-0", "arm-1"}
    assert isinstance(answer["modules"], list)
    unwanted = {"services", "shared", "numba", "numpy", "scipy", "sqlalchemy", "psycopg", "protovalidate"}
    assert not unwanted & set(answer["modules"])


@pytest.mark.parametrize("module", ["services", "shared", "numpy", "numba", "scipy", "sqlalchemy"])
def test_client_when_installed_alone_then_the_platform_cannot_even_be_imported(installed: Path, module: str) -> None:
    run = run_alone(installed, f"import {module}")

    assert "ModuleNotFoundError" in run.stderr


def test_process_when_it_ends_without_closing_then_its_rows_are_delivered(
    installed: Path, bandit: ScriptedBandit
) -> None:
    run = run_alone(installed, FORGET_TO_CLOSE, bandit.address)

    assert (run.returncode, run.stderr) == (0, "")
    assert [row.unit_id for row in bandit.exposures] == ["u"]
    assert [row.unit_id for row in bandit.outcomes] == ["u"]
