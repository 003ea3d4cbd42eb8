"""Decision tokens come back as they went out, or are refused."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.bandit.domain import token
from services.bandit.domain.token import Decision, TokenKeys, TokenSigner
from shared.errors import InvalidArgument, Reason
from tests.bandit.examples import NOW_MS, signer

DECISION = Decision("checkout", "user-1", "blue", 7, 0.25, "view-1", NOW_MS)

experiment_ids = st.from_regex(r"[a-z][a-z0-9-]{0,62}", fullmatch=True)
arm_ids = st.one_of(st.just("~holdout"), st.from_regex(r"[a-z0-9][a-z0-9_-]{0,62}", fullmatch=True))
texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=64)
decisions = st.builds(
    Decision,
    experiment_ids,
    texts.filter(bool),
    arm_ids,
    st.integers(1, 2**63 - 1),
    st.floats(0, 1, exclude_min=True),
    texts,
    st.integers(0, 2**42),
    st.booleans(),
)


def signed(by: TokenSigner, decision: Decision) -> bytes:
    experiment_id, unit_id, arm_id, version, propensity, allocation_id, issued_at_ms, counts = decision
    prefix = token.prefix(experiment_id, arm_id, version, propensity, counts=counts)
    return by.sign(prefix, unit_id, allocation_id, issued_at_ms=issued_at_ms)


def refused(by: TokenSigner, data: bytes, *, now_ms: int = NOW_MS) -> Reason:
    with pytest.raises(InvalidArgument) as caught:
        by.read(data, now_ms=now_ms)
    return caught.value.reason


@settings(deadline=None)
@given(decisions)
@example(DECISION._replace(allocation_id="👩" * 64, unit_id="é" * 128))
@example(DECISION._replace(experiment_id="e" * 63, arm_id="a" * 63, unit_id="u" * 256))
def test_read_when_signed_then_every_field_comes_back(decision: Decision) -> None:
    assert signer().read(signed(signer(), decision), now_ms=decision.issued_at_ms) == decision


@settings(deadline=None)
@given(decisions, st.data())
def test_read_when_any_byte_is_changed_then_invalid_token(decision: Decision, data: st.DataObject) -> None:
    good = signed(signer(), decision)
    place = data.draw(st.integers(0, len(good) - 1))
    other = data.draw(st.integers(1, 255))
    bad = good[:place] + bytes([good[place] ^ other]) + good[place + 1 :]

    assert refused(signer(), bad, now_ms=decision.issued_at_ms) is Reason.INVALID_TOKEN


def test_read_when_each_byte_is_changed_in_turn_then_each_time_invalid_token() -> None:
    good = signed(signer(), DECISION)

    for place in range(len(good)):
        bad = good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :]
        assert refused(signer(), bad) is Reason.INVALID_TOKEN


@settings(deadline=None)
@given(st.binary(max_size=700))
@example(b"")
@example(b"\x01")
@example(bytes([1] * 100))
def test_read_when_given_garbage_of_any_length_then_invalid_token(garbage: bytes) -> None:
    assert refused(signer(), garbage) is Reason.INVALID_TOKEN


@settings(deadline=None)
@given(st.integers(0, 200))
def test_read_when_cut_short_or_extended_then_invalid_token(length: int) -> None:
    good = signed(signer(), DECISION)
    changed = good[:length] if length < len(good) else good + bytes(length + 1 - len(good))

    assert refused(signer(), changed) is Reason.INVALID_TOKEN


def test_read_when_parts_of_two_tokens_are_joined_then_invalid_token() -> None:
    one, other = (signed(signer(), DECISION._replace(unit_id=unit)) for unit in ("user-1", "user-2"))

    assert refused(signer(), one[:-16] + other[-16:]) is Reason.INVALID_TOKEN


def test_read_when_as_old_as_allowed_then_good_and_a_millisecond_later_expired() -> None:
    lifetime_ms = 2 * 24 * 3600 * 1000
    data = signed(signer(days=2), DECISION)

    assert signer(days=2).read(data, now_ms=NOW_MS + lifetime_ms) == DECISION
    with pytest.raises(InvalidArgument) as caught:
        signer(days=2).read(data, now_ms=NOW_MS + lifetime_ms + 1)
    assert caught.value.reason is Reason.EXPIRED_TOKEN
    expired_at = datetime.fromtimestamp(NOW_MS / 1000, UTC) + timedelta(days=2)
    assert caught.value.metadata == {"expired_at": expired_at.isoformat(timespec="seconds")}


def test_read_when_expired_and_forged_then_invalid_token() -> None:
    data = signed(signer(secret=b"another-secret-16"), DECISION)

    assert refused(signer(), data, now_ms=NOW_MS * 2) is Reason.INVALID_TOKEN


def test_read_when_the_key_was_rotated_then_old_tokens_are_good_until_their_key_goes() -> None:
    old = signed(signer(secret=b"the-first-secret", key_id=1), DECISION)
    rotated = signer(secret=b"the-second-secret", key_id=2, older={1: b"the-first-secret"})
    forgotten = signer(secret=b"the-second-secret", key_id=2)

    assert rotated.read(old, now_ms=NOW_MS) == DECISION
    assert forgotten.read(signed(rotated, DECISION), now_ms=NOW_MS) == DECISION
    assert refused(forgotten, old) is Reason.INVALID_TOKEN


def test_read_when_signed_by_another_secret_of_the_same_id_then_invalid_token() -> None:
    assert refused(signer(), signed(signer(secret=b"another-secret-16"), DECISION)) is Reason.INVALID_TOKEN


@pytest.mark.parametrize(
    ("secrets", "signing"), [({1: bytes(16)}, 2), ({1: bytes(15)}, 1), ({1: bytes(65)}, 1), ({256: bytes(16)}, 256)]
)
def test_keys_when_they_cannot_sign_then_they_are_refused(secrets: dict[int, bytes], signing: int) -> None:
    with pytest.raises(ValueError, match="key"):
        TokenKeys(secrets, signing=signing)


def test_keys_when_shown_then_without_secrets() -> None:
    assert "0123456789abcdef" not in repr(TokenKeys({1: b"0123456789abcdef"}, signing=1))
