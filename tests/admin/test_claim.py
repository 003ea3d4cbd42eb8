"""Who runs a stack in a directory."""

import json
from pathlib import Path

import pytest

from services.admin import claim
from shared import errors


def test_claimed_when_claimed_already_then_refuses_and_says_where_the_other_answers(tmp_path: Path) -> None:
    with claim.claimed(tmp_path) as publish:
        publish({"bandit": "127.0.0.1:1"})

        with pytest.raises(errors.FailedPrecondition, match=r"runs in .* already") as caught, claim.claimed(tmp_path):
            pass

    assert caught.value.reason is errors.Reason.INVALID_STATE
    assert "bandit: 127.0.0.1:1" in caught.value.message


def test_claimed_when_released_then_another_may_claim(tmp_path: Path) -> None:
    with claim.claimed(tmp_path) as publish:
        publish({"bandit": "127.0.0.1:1"})

    with claim.claimed(tmp_path):
        found = claim.running(tmp_path)

    assert found is not None
    assert found.addresses == {}


def test_running_when_a_stack_is_ready_then_returns_its_addresses(tmp_path: Path) -> None:
    with claim.claimed(tmp_path) as publish:
        publish({"bandit": "127.0.0.1:1"})

        found = claim.running(tmp_path)

    assert found is not None
    assert found.addresses == {"bandit": "127.0.0.1:1"}


def test_running_when_nobody_ever_ran_then_none(tmp_path: Path) -> None:
    assert claim.running(tmp_path) is None


def test_running_when_a_killed_stack_left_its_file_then_none(tmp_path: Path) -> None:
    (tmp_path / claim.FILE_NAME).write_text(json.dumps({"pid": 1, "addresses": {"bandit": "127.0.0.1:1"}}))

    assert claim.running(tmp_path) is None
