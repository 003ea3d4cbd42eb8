"""The gateway's configuration."""

import pytest

from services.gateway.config import PREFIX, Config
from shared.config import ConfigError, load


def problems(**variables: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(Config, PREFIX, environ={f"{PREFIX}{name}": value for name, value in variables.items()})
    return list(caught.value.problems)


def test_load_when_nothing_is_given_then_loopback_and_no_foreign_pages() -> None:
    found = load(Config, PREFIX, environ={})

    assert found.address.startswith("127.0.0.1:")
    assert found.metrics_address.startswith("127.0.0.1:")
    assert found.cors_origins == ()
    assert found.upstream.client_tls() is None


def test_load_when_parts_are_given_then_they_are_taken() -> None:
    variables = {
        "GATEWAY_UPSTREAM_REVIEW_ADDRESS": "unix:/run/review",
        "GATEWAY_CORS_ORIGINS": "https://a.example,https://b.example",
    }

    found = load(Config, PREFIX, environ=variables)

    assert found.upstream.review_address == "unix:/run/review"
    assert found.cors_origins == ("https://a.example", "https://b.example")


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"ADDRESS": "8080"}, "must be host:port"),
        ({"TLS_KEY": "key.pem"}, "must be given together"),
        ({"UPSTREAM_TLS_KEY": "key.pem"}, "must be given together"),
        ({"SESSION_SECRET": "short"}, "32 characters"),
        ({"RATE_LIMIT": "0"}, "must be >= 0.01"),
        ({"UPSTREAM_TIMEOUT": "0"}, "must be >= 0.01"),
        ({"ADRESS": "127.0.0.1:1"}, "is it GATEWAY_ADDRESS?"),
    ],
)
def test_load_when_a_value_is_bad_then_it_is_said(variables: dict[str, str], said: str) -> None:
    assert said in "\n".join(problems(**variables))
