"""The secret of the dashboard's sessions in a local stack."""

import stat
from pathlib import Path

from services.admin.session_secret import session_secret_file


def test_file_when_there_is_none_then_a_secret_for_its_owner_alone_is_made_and_kept(tmp_path: Path) -> None:
    made = session_secret_file(tmp_path / "secrets")
    secret = made.read_text()

    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    assert len(bytes.fromhex(secret.strip())) == 32
    assert session_secret_file(tmp_path / "secrets") == made
    assert made.read_text() == secret
    assert session_secret_file(tmp_path / "others").read_text() != secret
