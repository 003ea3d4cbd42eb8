"""Signatures, as Standard Webhooks describes them."""

import base64

import pytest

from services.review.webhooks.signing import key_of, signature

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_signature_when_compared_with_the_specification_then_the_same() -> None:
    # From the tests of its reference libraries.
    signed = signature([key_of(SECRET)], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')

    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_signature_when_there_are_two_keys_then_one_for_each() -> None:
    first, second = key_of(SECRET), bytes(range(32))
    one, two = (signature([key], "msg_1", 1, b"{}") for key in (first, second))

    assert signature([first, second], "msg_1", 1, b"{}") == f"{one} {two}"
    assert one != two


@pytest.mark.parametrize("length", [24, 64])
def test_key_of_when_the_length_is_allowed_then_the_key(length: int) -> None:
    key = bytes(range(length))

    assert key_of(f"whsec_{base64.b64encode(key).decode()}") == key


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "whsec_",
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS!",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaéé",
        f"whsec_{base64.b64encode(bytes(23)).decode()}",
        f"whsec_{base64.b64encode(bytes(65)).decode()}",
    ],
)
def test_key_of_when_it_is_no_secret_then_refused_without_repeating_it(secret: str) -> None:
    with pytest.raises(ValueError, match="24 to 64 bytes") as caught:
        key_of(secret)

    assert "MfKQ" not in str(caught.value)
