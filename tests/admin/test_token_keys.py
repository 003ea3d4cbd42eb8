"""The key of a local stack."""

import re
from pathlib import Path

from services.admin.token_keys import token_keys_file


def test_token_keys_when_made_then_only_the_owner_may_read(tmp_path: Path) -> None:
    path = token_keys_file(tmp_path / "secrets")

    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_token_keys_when_made_then_it_is_one_key_of_32_bytes(tmp_path: Path) -> None:
    assert re.fullmatch(r"1:[0-9a-f]{64}\n", token_keys_file(tmp_path).read_text())


def test_token_keys_when_asked_for_again_then_the_key_is_the_same(tmp_path: Path) -> None:
    first = token_keys_file(tmp_path).read_text()

    assert token_keys_file(tmp_path).read_text() == first


def test_token_keys_when_a_crash_left_a_draft_then_a_whole_key_is_made(tmp_path: Path) -> None:
    (tmp_path / ".token_keys").write_text("1:00")

    assert len(token_keys_file(tmp_path).read_text()) == 67
