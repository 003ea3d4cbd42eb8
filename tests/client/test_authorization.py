"""What calls carry, and tokens that change."""

from pathlib import Path

import pytest

from experimentation_client.authorization import Authorization
from tests.client.conftest import NewClient
from tests.client.examples import WAIT_SECONDS, when
from tests.client.server import ScriptedBandit


def test_metadata_when_there_is_no_token_then_is_the_callers() -> None:
    carried = Authorization([("x-shop", "7")], token=None, token_file=None).metadata()

    assert carried == (("x-shop", "7"),)


def test_token_file_when_it_changes_then_the_next_call_carries_the_new_token(
    bandit: ScriptedBandit, new_client: NewClient, tmp_path: Path
) -> None:
    path = tmp_path / "token"
    path.write_text("first\n")
    client = new_client(bandit.address, token=None, token_file=path)
    assert client.wait_until_ready(WAIT_SECONDS)
    assert bandit.metadata["authorization"] == "Bearer first"

    path.write_text("second\n")
    client.record_outcome("checkout", "u", "conversion", 1)

    assert client.flush(WAIT_SECONDS)
    when(client, lambda: bandit.metadata["authorization"] == "Bearer second")


def test_token_file_when_it_is_gone_then_the_last_token_is_sent(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "token"
    path.write_text("first")
    authorization = Authorization((), token=None, token_file=path)
    path.unlink()

    assert authorization.metadata() == (("authorization", "Bearer first"),)
    assert "the last token is sent" in caplog.text


def test_token_file_when_it_is_not_there_at_first_then_no_client_is_made(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="none"):
        Authorization((), token=None, token_file=tmp_path / "none")


def test_token_when_given_twice_then_is_refused(tmp_path: Path) -> None:
    for arguments in (
        {"token": "a", "token_file": tmp_path / "token"},
        {"token": "a", "metadata": [("Authorization", "Bearer b")]},
    ):
        given: dict[str, object] = {"metadata": (), "token": None, "token_file": None, **arguments}
        with pytest.raises(ValueError, match="give one of"):
            Authorization(given.pop("metadata"), **given)  # type: ignore[arg-type]
