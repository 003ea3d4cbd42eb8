"""Tests how the programs of Postgres are found."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from shared.ids import new_id
from shared.store import binaries
from shared.store.account import account_for


@pytest.fixture
def package(open_directory: Path) -> Path:
    """The package in a directory of its own, programs and libraries alone."""
    original = binaries.package_directory()
    copy = open_directory / new_id("p")[:10] / original.name
    for name in ("initdb", "postgres"):
        (copy / "pginstall/bin").mkdir(parents=True, exist_ok=True)
        shutil.copy(original / "pginstall/bin" / name, copy / "pginstall/bin")
    shutil.copytree(original.with_name(f"{original.name}.libs"), copy.with_name(f"{copy.name}.libs"))
    shutil.copytree(
        original / "pginstall/lib", copy / "pginstall/lib", ignore=lambda _, names: {"postgresql"} & {*names}
    )
    return copy


def test_programs_for_when_the_package_is_in_reach_then_they_are_those_of_the_package(package: Path) -> None:
    programs = binaries.programs_for(account_for(package / "new"), package, refuge=package.parent)

    assert programs == package / "pginstall/bin"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as somebody else")
def test_programs_for_when_the_package_is_out_of_reach_then_a_copy_runs(package: Path, open_directory: Path) -> None:
    account = account_for(package / "new")
    package.parent.chmod(0o700)

    programs = [binaries.programs_for(account, package, refuge=open_directory) for _ in range(2)]

    assert programs[0] == programs[1]
    assert programs[0].is_relative_to(open_directory)
    version = subprocess.run(
        [programs[0] / "initdb", "--version"], cwd="/", capture_output=True, text=True, check=True, **account.options()
    )
    assert version.stdout.startswith("initdb (PostgreSQL)")
