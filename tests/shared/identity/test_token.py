"""Secrets of tokens: their form, and what is kept of them."""

import hashlib
import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.identity import token
from tests.shared.identity.examples import GOOD, secret


@given(st.from_regex(r"[a-z0-9_]{1,64}", fullmatch=True), st.binary(min_size=32, max_size=32))
def test_secret_when_made_then_its_token_is_found_again(token_id: str, chance: bytes) -> None:
    made = token.new_secret(token_id, lambda count: chance[:count])

    assert made.startswith("exp_")
    assert len(made) == len(f"exp_{token_id}_") + 43
    assert token.token_id_of(made) == token_id


def test_secret_when_made_twice_then_differs() -> None:
    assert token.new_secret("t", secrets.token_bytes) != token.new_secret("t", secrets.token_bytes)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "exp_",
        "exp_t_short",
        secret("t")[:-1],
        secret("t") + "x",
        secret("T"),
        secret("t") + "\n",
        "x" + secret("t"),
    ],
)
def test_token_id_when_the_form_is_another_then_there_is_none(text: str) -> None:
    assert token.token_id_of(text) is None


def test_hash_when_compared_then_is_the_sha256_of_the_whole_secret() -> None:
    assert token.hash_of(secret("good")) == hashlib.sha256(secret("good").encode()).hexdigest()
    assert token.is_secret_of(GOOD, secret("good"))
    assert not token.is_secret_of(GOOD, secret("other"))
